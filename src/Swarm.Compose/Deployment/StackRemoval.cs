using Swarm.Api.Client;

namespace Swarm.Compose.Deployment;

/// <summary>Takes a stack away: services first, since they hold the rest.</summary>
/// <param name="say">Gets a line for each thing done.</param>
public sealed class StackRemoval(EngineClient client, TimeProvider time, Action<string> say)
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a network may stay in use by tasks that stop.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromMinutes(1);

    /// <exception cref="ComposeException">There is no such stack.</exception>
    /// <exception cref="EngineClientException">Something of it could not be removed.</exception>
    public async Task RemoveAsync(string stack, CancellationToken cancellation)
    {
        var own = StackDeployment.OfStack(stack);
        var services = await client.ServicesAsync(cancellation, own);
        var secrets = await client.SecretsAsync(cancellation, own);
        var configs = await client.ConfigsAsync(cancellation, own);
        var networks = await client.NetworksAsync(cancellation, own);
        if (services.Count + secrets.Count + configs.Count + networks.Count == 0)
        {
            throw new ComposeException($"nothing found in stack: {stack}");
        }

        foreach (var service in services)
        {
            say($"Removing service {service.Spec?.Name}");
            await client.RemoveServiceAsync(service.ID, cancellation);
        }

        foreach (var secret in secrets)
        {
            say($"Removing secret {secret.Spec?.Name}");
            await client.RemoveSecretAsync(secret.ID, cancellation);
        }

        foreach (var config in configs)
        {
            say($"Removing config {config.Spec?.Name}");
            await client.RemoveConfigAsync(config.ID, cancellation);
        }

        foreach (var network in networks)
        {
            say($"Removing network {network.Name}");
            await RemoveNetworkAsync(network.Id, cancellation);
        }
    }

    /// <summary>A network is in use until the last task has stopped.</summary>
    private async Task RemoveNetworkAsync(string id, CancellationToken cancellation)
    {
        var until = time.GetUtcNow() + MaxWait;
        while (true)
        {
            try
            {
                await client.RemoveNetworkAsync(id, cancellation);
                return;
            }
            catch (EngineClientException) when (time.GetUtcNow() < until)
            {
                await Task.Delay(AskAgain, time, cancellation);
            }
        }
    }
}

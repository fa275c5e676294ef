using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Swarm.Linux;
using Swarm.Networking.Bridge;
using Swarm.Networking.Networks;

namespace Swarm.Networking.Dns;

/// <summary>The name servers of a node's containers, one for each that is on a network with names. Owned by one loop.</summary>
internal sealed partial class NameServers(INameSource names, NetworkNamespace host, TimeProvider time, Random random, ILogger logger) : IAsyncDisposable
{
    private readonly Dictionary<string, (NameServer Server, bool LeadsOut)> servers = [];

    /// <summary>Begins, leaves or ends a container's server, as its networks now ask for it.</summary>
    /// <exception cref="NetworkFault">It did not begin.</exception>
    public void Serve(ContainerSandbox sandbox, string namespacePath, IReadOnlyDictionary<string, NetworkRecord> networks)
    {
        var has = sandbox.Endpoints.Any(endpoint => networks[endpoint.NetworkId].HasNames);
        var leadsOut = sandbox.Endpoints.Any(endpoint => !networks[endpoint.NetworkId].Internal);
        if (servers.TryGetValue(sandbox.ContainerId, out var present) && has && present.LeadsOut == leadsOut)
        {
            return;
        }

        End(sandbox.ContainerId);
        if (!has)
        {
            return;
        }

        // From a network without a way out, no question leaves either.
        var settings = leadsOut ? sandbox.Resolver : ResolverSettings.None;
        try
        {
            var server = NameServer.Start(
                namespacePath,
                inside => new NameResolver(sandbox.ContainerId, names, new Upstream(settings, inside, host, time), new Random(random.Next())),
                time,
                logger);
            servers[sandbox.ContainerId] = (server, leadsOut);
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            throw new NetworkFault(NetworkFaultKind.Refused, $"the name server of container {sandbox.Name} did not start: {error.Message}", error);
        }
    }

    /// <summary>Safe to repeat.</summary>
    public void End(string containerId)
    {
        if (servers.Remove(containerId, out var present))
        {
            _ = EndAsync(present.Server);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (server, _) in servers.Values)
        {
            await server.DisposeAsync();
        }

        servers.Clear();
    }

    /// <summary>Not waited for: its sockets are closed before the first pause, and nothing else of it is in anybody's way.</summary>
    private async Task EndAsync(NameServer server)
    {
        try
        {
            await server.DisposeAsync();
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            LogEndFailed(logger, error.Message);
        }
    }

    [LoggerMessage(7112, LogLevel.Warning, "A name server did not end as it should: {Reason}")]
    private static partial void LogEndFailed(ILogger logger, string reason);
}

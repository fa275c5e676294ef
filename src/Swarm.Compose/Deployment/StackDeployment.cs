using System.Security.Cryptography;
using System.Text.Json;
using Swarm.Api.Client;
using Swarm.Api.Wire;
using Swarm.Compose.Conversion;

namespace Swarm.Compose.Deployment;

/// <summary>
/// Makes a cluster have a stack: networks, secrets and configs first, then services, then what is not needed any more goes. Each step looks at what is
/// there, so that a deployment that was broken off is finished by the next.
/// </summary>
/// <param name="say">Gets a line for each thing done.</param>
/// <param name="warn">Gets what the user should know.</param>
public sealed class StackDeployment(EngineClient client, Stack stack, DeployOptions options, Action<string> say, Action<string> warn)
{
    /// <returns>The ids of its services.</returns>
    /// <exception cref="EngineClientException">The engine refused; what was done before stays.</exception>
    /// <exception cref="ComposeException">The stack does not fit what the cluster has.</exception>
    public async Task<IReadOnlyList<string>> DeployAsync(CancellationToken cancellation)
    {
        var own = OfStack(stack.Name);
        var services = await client.ServicesAsync(cancellation, own);
        if (options.Prune)
        {
            await PruneAsync(services, cancellation);
        }

        await NetworksAsync(cancellation);
        var secrets = await SecretsAsync(cancellation);
        var configs = await ConfigsAsync(cancellation);
        var ids = new List<string>();
        foreach (var service in stack.Services)
        {
            ids.Add(await ServiceAsync(service, WithFiles(service.Spec, secrets, configs), services, cancellation));
        }

        await RemoveUnusedAsync([.. secrets.Values.Concat(configs.Values).Select(file => file.Id)], cancellation);
        return ids;
    }

    /// <summary>What is of a stack.</summary>
    public static KeyValuePair<string, string>[] OfStack(string name) => [new("label", $"{StackLabels.Namespace}={name}")];

    private async Task PruneAsync(IReadOnlyList<Service> services, CancellationToken cancellation)
    {
        var wanted = stack.Services.Select(service => service.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var service in services.Where(service => !wanted.Contains(service.Spec!.Name!)))
        {
            say($"Removing service {service.Spec!.Name}");
            await client.RemoveServiceAsync(service.ID, cancellation);
        }
    }

    private async Task NetworksAsync(CancellationToken cancellation)
    {
        var present = (await client.NetworksAsync(cancellation)).ToLookup(network => network.Name, StringComparer.Ordinal);
        foreach (var network in stack.Networks)
        {
            if (present.Contains(network.Name))
            {
                continue;
            }

            if (network.Request is null)
            {
                throw new ComposeException($"network \"{network.Name}\" is declared as external, but could not be found: create it before the stack is deployed");
            }

            say($"Creating network {network.Name}");
            await client.CreateNetworkAsync(network.Request, cancellation);
        }
    }

    private async Task<Dictionary<string, DeployedFile>> SecretsAsync(CancellationToken cancellation)
    {
        var deployed = (await client.SecretsAsync(cancellation)).Select(Deployed).ToList();
        return await FilesAsync("secret", stack.Secrets, deployed, (file, name) => client.CreateSecretAsync(
            new SecretSpec { Name = name, Labels = Marked(file), Data = file.Content, Templating = file.Templating }, cancellation));

        static Dictionary<string, string?> Marked(StackFile file) => new(file.Labels) { [StackLabels.Mark] = ContentMark.Of(file.Content) };
    }

    private async Task<Dictionary<string, DeployedFile>> ConfigsAsync(CancellationToken cancellation)
    {
        var deployed = (await client.ConfigsAsync(cancellation)).Select(Deployed).ToList();
        return await FilesAsync("config", stack.Configs, deployed, (file, name) => client.CreateConfigAsync(
            new ConfigSpec { Name = name, Labels = file.Labels, Data = file.Content, Templating = file.Templating }, cancellation));
    }

    /// <summary>What services should refer to, by the keys of the compose file.</summary>
    private async Task<Dictionary<string, DeployedFile>> FilesAsync(
        string kind, IReadOnlyList<StackFile> files, IReadOnlyList<DeployedFile> deployed, Func<StackFile, string, Task<string>> create)
    {
        var versions = new VersionedFiles(stack.Name, deployed);
        var found = new Dictionary<string, DeployedFile>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            if (file.Content is null)
            {
                found[file.Key] = deployed.FirstOrDefault(one => one.Name == file.Name) ?? throw new ComposeException($"{kind} not found: {file.Name}");
            }
            else if (versions.Same(file) is { } same)
            {
                found[file.Key] = same;
            }
            else
            {
                var name = versions.NextName(file);
                say($"Creating {kind} {name}");
                found[file.Key] = new DeployedFile(await create(file, name), name, file.Labels, null);
            }
        }

        return found;
    }

    private static ServiceSpec WithFiles(ServiceSpec spec, Dictionary<string, DeployedFile> secrets, Dictionary<string, DeployedFile> configs)
    {
        var container = spec.TaskTemplate!.ContainerSpec!;
        return spec with
        {
            TaskTemplate = spec.TaskTemplate with
            {
                ContainerSpec = container with
                {
                    Secrets = container.Secrets?.Select(one => one with { SecretID = secrets[one.SecretName!].Id, SecretName = secrets[one.SecretName!].Name }).ToList(),
                    Configs = container.Configs?.Select(one => one with { ConfigID = configs[one.ConfigName!].Id, ConfigName = configs[one.ConfigName!].Name }).ToList(),
                },
            },
        };
    }

    private async Task<string> ServiceAsync(StackService service, ServiceSpec spec, IReadOnlyList<Service> services, CancellationToken cancellation)
    {
        var present = services.FirstOrDefault(one => one.Spec?.Name == service.Name);
        spec = ForJob(spec, present);
        var auth = options.CredentialsOf(spec.TaskTemplate!.ContainerSpec!.Image!);
        spec = await PinnedAsync(spec, present, auth, cancellation);
        var sent = options.WithRegistryAuth ? auth : null;
        if (present is null)
        {
            say($"Creating service {service.Name}");
            var created = await client.CreateServiceAsync(spec, cancellation, sent);
            Warn(service, created.Warnings);
            return created.ID;
        }

        say($"Updating service {service.Name} (id: {present.ID})");
        var task = spec.TaskTemplate!;
        var forced = spec with { TaskTemplate = task with { ForceUpdate = task.ForceUpdate ?? present.Spec?.TaskTemplate?.ForceUpdate } };
        var updated = await client.UpdateServiceAsync(present.ID, present.Version!.Index, forced, cancellation, sent);
        Warn(service, updated.Warnings);
        return present.ID;
    }

    /// <summary>A job that changed runs again; one that did not, does not.</summary>
    private static ServiceSpec ForJob(ServiceSpec spec, Service? present)
    {
        if (spec.Mode is not ({ ReplicatedJob: not null } or { GlobalJob: not null }))
        {
            return spec;
        }

        var digest = Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(spec, SwarmJson.Default.ServiceSpec)));
        var changed = present is not null && present.Spec?.Labels?.GetValueOrDefault(StackLabels.Spec) != digest;
        return spec with
        {
            Labels = new Dictionary<string, string?>(spec.Labels!) { [StackLabels.Spec] = digest },
            TaskTemplate = changed ? spec.TaskTemplate! with { ForceUpdate = (present!.Spec!.TaskTemplate?.ForceUpdate ?? 0) + 1 } : spec.TaskTemplate,
        };
    }

    /// <summary>As Docker: with the digest that its registry has for the image now, so that all nodes run the same.</summary>
    private async Task<ServiceSpec> PinnedAsync(ServiceSpec spec, Service? present, string? auth, CancellationToken cancellation)
    {
        var container = spec.TaskTemplate!.ContainerSpec!;
        var image = container.Image!;
        var isSame = present?.Spec?.Labels?.GetValueOrDefault(StackLabels.Image) == image;
        if (options.ResolveImage == ResolveImage.Never || (options.ResolveImage == ResolveImage.Changed && isSame))
        {
            return isSame && present?.Spec?.TaskTemplate is { ContainerSpec.Image: { } pinned } template ? With(spec, pinned, template.Placement?.Platforms) : spec;
        }

        if (image.Contains('@', StringComparison.Ordinal))
        {
            return spec;
        }

        try
        {
            var remote = await client.RemoteImageAsync(image, auth, cancellation);
            return With(spec, $"{(HasTag(image) ? image : image + ":latest")}@{remote.Digest}", remote.Platforms);
        }
        catch (EngineClientException e)
        {
            warn($"image {image} could not be accessed on a registry to record its digest ({e.Message}). Each node will access {image} independently, possibly leading to different nodes running different versions of the image.");
            return spec;
        }
    }

    private static bool HasTag(string image) => image.LastIndexOf(':') > image.LastIndexOf('/');

    /// <param name="platforms">Count unless the file names one.</param>
    private static ServiceSpec With(ServiceSpec spec, string image, IReadOnlyList<Platform>? platforms) => spec with
    {
        TaskTemplate = spec.TaskTemplate! with
        {
            ContainerSpec = spec.TaskTemplate.ContainerSpec! with { Image = image },
            Placement = spec.TaskTemplate.Placement?.Platforms is not null || platforms is null or [] ? spec.TaskTemplate.Placement
                : (spec.TaskTemplate.Placement ?? new Placement()) with { Platforms = platforms },
        },
    };

    private async Task RemoveUnusedAsync(HashSet<string> current, CancellationToken cancellation)
    {
        // Also those that a rollback would bring back.
        foreach (var container in (await client.ServicesAsync(cancellation)).SelectMany(service => new[] { service.Spec, service.PreviousSpec }).Select(spec => spec?.TaskTemplate?.ContainerSpec))
        {
            current.UnionWith((container?.Secrets ?? []).Select(secret => secret.SecretID ?? ""));
            current.UnionWith((container?.Configs ?? []).Select(config => config.ConfigID ?? ""));
        }

        var secrets = (await client.SecretsAsync(cancellation, OfStack(stack.Name))).Select(Deployed).ToList();
        foreach (var secret in Unused(secrets, stack.Secrets, current))
        {
            await RemoveAsync($"secret {secret.Name}", () => client.RemoveSecretAsync(secret.Id, cancellation));
        }

        var configs = (await client.ConfigsAsync(cancellation, OfStack(stack.Name))).Select(Deployed).ToList();
        foreach (var config in Unused(configs, stack.Configs, current))
        {
            await RemoveAsync($"config {config.Name}", () => client.RemoveConfigAsync(config.Id, cancellation));
        }
    }

    /// <summary>Earlier versions; what the compose files do not have any more goes only if they are pruned.</summary>
    private List<DeployedFile> Unused(IReadOnlyList<DeployedFile> deployed, IReadOnlyList<StackFile> files, IReadOnlySet<string> current) =>
        [.. deployed.Where(one => !current.Contains(one.Id) && one.Labels.GetValueOrDefault(StackLabels.Key) is { } key && (options.Prune || files.Any(file => file.Key == key)))];

    private async Task RemoveAsync(string what, Func<Task> remove)
    {
        try
        {
            await remove();
            say($"Removing {what}");
        }
        catch (EngineClientException e)
        {
            warn($"{what} stays: {e.Message}");
        }
    }

    private void Warn(StackService service, IReadOnlyList<string>? warnings)
    {
        foreach (var warning in warnings ?? [])
        {
            warn($"{service.Name}: {warning}");
        }
    }

    private static DeployedFile Deployed(SecretInspect secret) => new(secret.ID, secret.Spec?.Name ?? "", secret.Spec?.Labels ?? new Dictionary<string, string?>(), null);

    private static DeployedFile Deployed(ConfigInspect config) => new(config.ID, config.Spec?.Name ?? "", config.Spec?.Labels ?? new Dictionary<string, string?>(), config.Spec?.Data ?? []);
}

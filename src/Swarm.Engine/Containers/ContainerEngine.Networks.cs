using System.Collections.Immutable;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Containers;

/// <summary>Containers that change their networks after they were made.</summary>
public sealed partial class ContainerEngine
{
    private const string Overlay = "overlay";
    private const string Shared = "container sharing network namespace with another container or host cannot be connected to any other network";

    /// <summary>Connects a container, which may run. What a stopped one is connected to counts from its next start.</summary>
    /// <exception cref="EngineException">400, 403, 404: it cannot be.</exception>
    public Task ConnectAsync(Container container, string network, EndpointSettings? settings, CancellationToken cancellation) => container.Mailbox.RunAsync(async () =>
    {
        var found = await _network.FindAsync(network, cancellation).ConfigureAwait(false) ?? throw EngineException.NotFound($"network {network} not found");
        var asked = (settings ?? new EndpointSettings()).Filled();
        CheckCanConnect(container, found);
        ContainerNetworks.Check(found.Name, found, asked);
        var present = ContainerNetworks.Of(container.Record);
        if (present.ContainsKey(found.Name) && container.State.IsRunning)
        {
            throw found.Driver == Overlay
                ? EngineException.Conflict($"{container.Record.Name} is already attached to network {found.Name}")
                : new EngineException(403, $"endpoint with name {container.Record.Name} already exists in network {found.Name}");
        }

        if (present.ContainsKey(found.Name) && found.Driver != Overlay)
        {
            return; // as in Docker, which takes other settings for a network of the cluster alone
        }

        var kept = ContainerNetworks.Kept(asked, found.Id);
        var networks = new Dictionary<string, EndpointSettings?>(present) { [found.Name] = kept };
        if (container.State.IsRunning)
        {
            var before = container.Network;
            var request = ContainerNetworks.Request(container.Record, found.Name, kept, _index.Get);
            container.Network = await _network.ConnectAsync(container.Id, request, cancellation).ConfigureAwait(false);
            _starter.UpdateNetworkFiles(container.Record, before, container.Network);
        }

        SaveNetworks(container, networks);
        if (container.State.IsRunning)
        {
            PublishConnection(container, begins: true, found.Name, found.Id);
        }
    });

    /// <param name="force">Also from a network that is not there any more.</param>
    /// <exception cref="EngineException">400, 404, 500: it cannot be, or it is not connected.</exception>
    public Task DisconnectAsync(Container container, string network, bool force, CancellationToken cancellation) => container.Mailbox.RunAsync(async () =>
    {
        var found = _network.Find(network);
        if (found is null && !force && container.State.IsRunning)
        {
            throw EngineException.NotFound($"network {network} not found");
        }

        if (container.Removing)
        {
            throw new EngineException(500, $"Container {container.Id} is marked for removal and cannot be connected or disconnected to the network");
        }

        var name = found?.Name ?? network;
        if (name == "host" && container.Record.HostConfig.NetworkMode == "host" && container.State.IsRunning)
        {
            throw EngineException.BadRequest("cannot disconnect container from host network - container was created in host network mode");
        }

        var networks = new Dictionary<string, EndpointSettings?>(ContainerNetworks.Of(container.Record));
        if (!networks.Remove(name))
        {
            throw EngineException.NotFound($"container {container.Id} is not connected to {(container.State.IsRunning ? "" : "the ")}network {name}");
        }

        if (container is { State.IsRunning: true, Network: { } before } && found is not null)
        {
            container.Network = await _network.DisconnectAsync(container.Id, found.Id, cancellation).ConfigureAwait(false);
            _starter.UpdateNetworkFiles(container.Record, before, container.Network);
        }

        SaveNetworks(container, networks);
        PublishConnection(container, begins: false, name, found?.Id);
    });

    /// <summary>Whom a container's link leads to.</summary>
    /// <exception cref="EngineException">404: there is no such container, or it has no such link.</exception>
    public Container Linked(string idOrName, string alias) =>
        ContainerLinks.Read(_index.TryGet(idOrName)?.Record.HostConfig.Links ?? []).FirstOrDefault(link => link.Alias == alias) is { Target: { } target }
            ? _index.Get(target)
            : throw EngineException.NotFound($"No such container: {idOrName}/{alias}");

    /// <summary>Takes away a link that a container has to another, by its alias.</summary>
    /// <exception cref="EngineException">404: it has no such link.</exception>
    public Task RemoveLinkAsync(Container container, string alias) => container.Mailbox.RunAsync(() =>
    {
        var links = container.Record.HostConfig.Links ?? [];
        var left = links.Where(link => ContainerLinks.Read([link]).Single().Alias != alias).ToList();
        if (left.Count == links.Count)
        {
            throw EngineException.NotFound($"Cannot get child for /{container.Record.Name}/{alias}");
        }

        var record = container.Record with { HostConfig = container.Record.HostConfig with { Links = left } };
        _store.Save(record);
        container.Record = record;
        return Task.CompletedTask;
    });

    /// <summary>A container that has started has perhaps another address: those that are linked to it hear of it.</summary>
    private void RefreshLinksTo(Container target)
    {
        foreach (var container in Containers.Where(other => other.State.IsRunning && other.Record.HostConfig.Links is { Count: > 0 }))
        {
            if (ContainerLinks.Read(container.Record.HostConfig.Links).Any(link => _index.TryGet(link.Target) == target))
            {
                _starter.UpdateLinks(container.Record, container.Network);
            }
        }
    }

    private async Task RenameOnNetworksAsync(Container container)
    {
        if (container.Network is not { Endpoints.Length: > 0 } sandbox)
        {
            return;
        }

        var settings = ContainerNetworks.Of(container.Record);
        var names = sandbox.Endpoints.ToDictionary(
            endpoint => endpoint.NetworkId, endpoint => ContainerNetworks.Names(container.Record, settings.GetValueOrDefault(endpoint.NetworkName) ?? new EndpointSettings()));
        container.Network = await _network.RenameAsync(container.Id, container.Record.Name, names, CancellationToken.None).ConfigureAwait(false);
    }

    private static void CheckCanConnect(Container container, NetworkIdentity network)
    {
        if (container.Removing)
        {
            throw new EngineException(500, $"Container {container.Id} is marked for removal and cannot be connected or disconnected to the network");
        }

        if (SharedNamespaces.ContainerOf(container.Record.HostConfig.NetworkMode) is not null)
        {
            throw EngineException.BadRequest(Shared);
        }

        if (network.Driver == "host" && container.Record.HostConfig.NetworkMode != "host")
        {
            throw EngineException.BadRequest("container cannot be disconnected from host network or connected to host network");
        }

        var others = ContainerNetworks.Of(container.Record).Keys.Where(name => name != network.Name).ToList();
        if (others.Contains("host") || (network.Driver == "host" && others.Count > 0))
        {
            throw EngineException.BadRequest(Shared);
        }

        if (others.Contains("none") || (network.Driver == "null" && others.Count > 0))
        {
            throw EngineException.BadRequest("container cannot be connected to multiple networks with one of the networks in private (none) mode");
        }
    }

    private void SaveNetworks(Container container, Dictionary<string, EndpointSettings?> networks)
    {
        var record = container.Record with { NetworkingConfig = new NetworkingConfig { EndpointsConfig = networks } };
        _store.Save(record);
        container.Record = record;
    }
}

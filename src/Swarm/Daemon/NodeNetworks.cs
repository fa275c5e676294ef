using System.Collections.Immutable;
using Swarm.Api.Networks;
using Swarm.Api.Wire;
using Swarm.Engine;
using Swarm.Engine.Containers;
using Swarm.Networking.Bridge;
using Swarm.Networking.Networks;

namespace Swarm.Daemon;

/// <summary>The node's networks as /networks shows and changes them.</summary>
internal sealed class NodeNetworks(BridgeNetworks networks, ContainerEngine containers) : INetworkCatalog
{
    public IReadOnlyList<NetworkResource> List()
    {
        var sandboxes = networks.Sandboxes.Values.ToList();
        return [.. networks.Records.Values.OrderBy(record => record.Created).ThenBy(record => record.Name, StringComparer.Ordinal).Select(record => Resource(record, sandboxes))];
    }

    public async Task<string> CreateAsync(NetworkCreateRequest request, CancellationToken cancellation)
    {
        var record = await NetworkFaults.CatchAsync(() => networks.CreateAsync(Spec(request), cancellation));
        Publish("create", record);
        return record.Id;
    }

    public async Task<NetworkResource> RemoveAsync(string network, CancellationToken cancellation)
    {
        var record = await NetworkFaults.CatchAsync(() => networks.RemoveAsync(network, cancellation));
        Publish("destroy", record);
        return Resource(record, []);
    }

    public Task ConnectAsync(string network, NetworkConnectRequest request, CancellationToken cancellation) =>
        containers.ConnectAsync(containers.Get(request.Container ?? ""), network, request.EndpointConfig, cancellation);

    public Task DisconnectAsync(string network, NetworkDisconnectRequest request, CancellationToken cancellation) =>
        containers.DisconnectAsync(containers.Get(request.Container ?? ""), network, request.Force, cancellation);

    private void Publish(string action, NetworkRecord record) =>
        containers.Events.Publish("network", action, record.Id, new Dictionary<string, string> { ["name"] = record.Name, ["type"] = record.Driver });

    private static NetworkSpec Spec(NetworkCreateRequest request) => new(request.Name ?? "")
    {
        Driver = request.Driver ?? "",
        Scope = request.Scope ?? "",
        EnableIPv4 = request.EnableIPv4,
        EnableIPv6 = request.EnableIPv6,
        Internal = request.Internal,
        Attachable = request.Attachable,
        Ingress = request.Ingress,
        ConfigOnly = request.ConfigOnly,
        ConfigFrom = request.ConfigFrom?.Network ?? "",
        IpamDriver = request.IPAM?.Driver ?? "",
        IpamOptions = Sorted(request.IPAM?.Options),
        Pools = [.. (request.IPAM?.Config ?? []).Where(pool => pool is not null).Select(pool => new PoolSpec(pool!.Subnet ?? "", pool.IPRange ?? "", pool.Gateway ?? "", Sorted(pool.AuxiliaryAddresses)))],
        Options = Sorted(request.Options),
        Labels = Sorted(request.Labels),
    };

    private static ImmutableSortedDictionary<string, string> Sorted(IReadOnlyDictionary<string, string>? map) =>
        ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, (map ?? new Dictionary<string, string>()).Select(pair => KeyValuePair.Create(pair.Key, pair.Value ?? "")));

    private NetworkResource Resource(NetworkRecord record, List<ContainerSandbox> sandboxes) => new()
    {
        Name = record.Name,
        Id = record.Id,
        Created = record.Created.UtcDateTime,
        Driver = record.Driver,
        Scope = record.IsOverlay || record.IsOfCluster ? "swarm" : "local",
        EnableIPv4 = record.EnableIPv4,
        EnableIPv6 = record.EnableIPv6,
        IPAM = new IPAM
        {
            Options = record.IpamOptions.IsEmpty ? null : record.IpamOptions,
            Config = [.. record.Pools.Select(pool => new IPAMConfig
            {
                Subnet = pool.Subnet.ToString(),
                IPRange = pool.Range?.ToString(),
                Gateway = pool.Gateway?.ToString(),
                AuxiliaryAddresses = pool.Auxiliary.IsEmpty ? null : pool.Auxiliary.ToDictionary(pair => pair.Key, pair => pair.Value.ToString()),
            })],
        },
        ConfigOnly = record.ConfigOnly,
        ConfigFrom = new ConfigReferenceName { Network = record.ConfigFrom },
        Internal = record.Internal,
        Attachable = record.Attachable,
        Options = record.Options,
        Labels = record.Labels,
        Containers = record.Driver is NetworkRecord.Bridge or NetworkRecord.Overlay or NetworkRecord.Macvlan
            ? Members(record, sandboxes)
            : containers.Containers.Where(container => container.State.IsRunning && container.Record.NetworkingConfig?.EndpointsConfig?.ContainsKey(record.Name) == true)
                .ToDictionary(container => container.Id, container => new EndpointResource { Name = container.Record.Name }),
    };

    private static Dictionary<string, EndpointResource> Members(NetworkRecord record, List<ContainerSandbox> sandboxes) => sandboxes
        .Select(sandbox => (Sandbox: sandbox, Endpoint: sandbox.On(record.Id)))
        .Where(member => member.Endpoint is not null)
        .ToDictionary(member => member.Sandbox.ContainerId, member => new EndpointResource
        {
            Name = member.Sandbox.Name,
            EndpointID = member.Endpoint!.EndpointId,
            MacAddress = member.Endpoint.MacText,
            IPv4Address = member.Endpoint.Address is { } address ? $"{address}/{member.Endpoint.PrefixLength}" : "",
            IPv6Address = member.Endpoint.Address6 is { } address6 ? $"{address6}/{member.Endpoint.PrefixLength6}" : "",
        });
}

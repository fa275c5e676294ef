using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Swarm.Api.Wire;
using Swarm.Manager.Control;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Api.Networks;

/// <summary>A network of the cluster as Docker's JSON.</summary>
internal static class ClusterNetworkWriter
{
    internal static NetworkResource Write(Network network) => new()
    {
        Name = network.Annotations.Name,
        Id = network.Id,
        Created = network.Meta.CreatedAt.UtcDateTime,
        Scope = "swarm",
        Driver = network.DriverName,
        EnableIPv4 = true,
        EnableIPv6 = network.EnableIPv6,
        IPAM = new IPAM
        {
            Options = network.Ipam is { Options.IsEmpty: false } ipam ? ipam.Options : null,
            Config = [.. network.KnownPools.Select(Pool)],
        },
        Internal = network.Internal,
        Attachable = network.Attachable,
        Ingress = network.Ingress,
        ConfigFrom = new ConfigReferenceName { Network = network.ConfigFrom },
        Options = OptionsOf(network),
        Labels = network.Annotations.Labels,
    };

    /// <summary>With the identifier that was chosen.</summary>
    internal static ImmutableSortedDictionary<string, string> OptionsOf(Network network) => network.IsOfNodes
        ? network.Driver.Options
        : network.Driver.Options.SetItem(NetworkControl.VniOption, network.Vni.ToString(CultureInfo.InvariantCulture));

    /// <summary>With who is on it: the nodes, the containers of this node and, if asked for, the services.</summary>
    /// <param name="nodeId">This node.</param>
    internal static NetworkResource WriteWhole(StoreView view, Network network, string nodeId, bool verbose)
    {
        var tasks = view.Tasks.Where(task => task.Status.State >= TaskState.Assigned && !task.Status.State.IsTerminal() && PlaceOf(task, network) is not null).ToList();
        var nodes = network.Ingress ? view.Nodes.ToList() : [.. tasks.Select(task => task.NodeId).Distinct().Order(StringComparer.Ordinal).Select(view.Nodes.Find).OfType<Model.Node>()];
        return Write(network) with
        {
            Containers = tasks.Where(task => task.NodeId == nodeId && ContainerOf(task).Length > 0)
                .DistinctBy(ContainerOf).ToDictionary(ContainerOf, task => Endpoint(task, PlaceOf(task, network)!)),
            Peers = [.. nodes.Select(node => new PeerInfo(node.Id, node.Status.Address))],
            Services = verbose ? Services(view, network, tasks) : null,
        };
    }

    private static IPAMConfig Pool(NetworkPool pool) => new()
    {
        Subnet = pool.Subnet,
        IPRange = pool.Range.Length > 0 ? pool.Range : null,
        Gateway = pool.Gateway,
        AuxiliaryAddresses = pool.Auxiliary.IsEmpty ? null : pool.Auxiliary,
    };

    private static Dictionary<string, ServiceInfo> Services(StoreView view, Network network, List<SwarmTask> tasks) => tasks
        .Where(task => task.ServiceId.Length > 0)
        .GroupBy(task => task.ServiceId)
        .Select(group => (Service: view.Services.Find(group.Key), Tasks: group))
        .Where(one => one.Service is not null)
        .ToDictionary(one => one.Service!.Spec.Annotations.Name, one => new ServiceInfo
        {
            VIP = one.Service!.Endpoint.VirtualIps.FirstOrDefault(ip => ip.NetworkId == network.Id) is { } ip ? Bare(ip.Address) : "",
            Ports = [.. one.Service.Endpoint.Ports.Select(port => string.Create(CultureInfo.InvariantCulture, $"Target: {port.TargetPort}, Publish: {port.PublishedPort}"))],
            LocalLBIndex = 0,
            Tasks = [.. one.Tasks.Select(task => new TaskInfo
            {
                Name = task.Name,
                EndpointID = task.Id,
                EndpointIP = Bare(PlaceOf(task, network)!.Addresses.FirstOrDefault() ?? ""),
                Info = new Dictionary<string, string> { ["Host IP"] = view.Nodes.Find(task.NodeId)?.Status.Address ?? "" },
            })],
        });

    private static EndpointResource Endpoint(SwarmTask task, Model.NetworkAttachment place) => new()
    {
        Name = task.Spec.Attached is null ? task.Name : place.Aliases.FirstOrDefault() ?? "",
        EndpointID = task.Id,
        MacAddress = place.Addresses.FirstOrDefault() is { } address ? Mac(IPAddress.Parse(Bare(address))) : "",
        IPv4Address = place.Addresses.FirstOrDefault(one => !one.Contains(':')) ?? "",
        IPv6Address = place.Addresses.FirstOrDefault(one => one.Contains(':')) ?? "",
    };

    /// <summary>It follows from the address, so that no neighbour's cache is ever stale.</summary>
    private static string Mac(IPAddress address) => "02:42:" + string.Join(':', address.GetAddressBytes().TakeLast(4).Select(one => one.ToString("x2", CultureInfo.InvariantCulture)));

    private static Model.NetworkAttachment? PlaceOf(SwarmTask task, Network network) => task.Networks.FirstOrDefault(place => place.NetworkId == network.Id && (network.IsOfNodes || !place.Addresses.IsEmpty));

    private static string ContainerOf(SwarmTask task) => task.Spec.Attached?.ContainerId ?? task.Status.Container?.ContainerId ?? "";

    private static string Bare(string cidr) => cidr.Split('/')[0];
}

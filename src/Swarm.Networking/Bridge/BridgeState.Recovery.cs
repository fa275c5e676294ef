using System.Collections.Immutable;
using System.Net;
using Swarm.Linux;
using Swarm.Networking.Ipam;
using Swarm.Networking.Netlink;
using Swarm.Networking.Networks;

namespace Swarm.Networking.Bridge;

/// <summary>The start: what an earlier run left is taken up or removed.</summary>
internal sealed partial class BridgeState
{
    public async Task RecoverAsync(CancellationToken cancellation)
    {
        Directory.CreateDirectory(namespaces);
        var kept = networkFiles.Load();
        var left = files.Load().Select(file => (file.ContainerId, Sandbox: HasNamespace(file.ContainerId) ? file.Sandbox : null)).ToList();
        records = records.AddRange(kept.Concat([Bare(NetworkRecord.Host, "host"), Bare(NetworkRecord.None, "null")]).Select(record => KeyValuePair.Create(record.Id, record)));
        if (options.HasBridge)
        {
            var bridge = Begin(DefaultNetwork(left.Select(file => file.Sandbox?.On(DefaultId)).FirstOrDefault(endpoint => endpoint is not null), kept));
            records = records.SetItem(bridge.Id, bridge.Record with { Options = bridge.Record.Options.SetItem(BridgeSettings.MtuOption, $"{bridge.Link.Mtu}") });
        }

        foreach (var record in kept.Where(record => !record.ConfigOnly))
        {
            BeginAgain(record);
        }

        RecoverOverlays();
        foreach (var (containerId, sandbox) in left)
        {
            TakeUp(containerId, sandbox);
        }

        RemoveStrays();
        await RestateRulesAsync(cancellation);
        await RemoveOverlaysAsync(records.Values.Where(record => record.IsOfCluster && !tables.ContainsKey(record.Id)).Select(record => record.Id));
        if (tables.Values.Any(table => table.Network.Ingress))
        {
            await PutIngressAsync([]);
        }
        else
        {
            await ingress.RemoveAsync();
        }

        if (tables.IsEmpty)
        {
            overlays.Leave(); // after the published ports, whose link ends with the namespace
        }
    }

    private NetworkRecord Bare(string name, string driver) => new()
    {
        Name = name,
        Id = BridgeEndpoint.MakeId(options.InstanceId, name),
        Driver = driver,
        Created = FirstStart(),
    };

    /// <summary>The predefined networks are as old as the file that says so.</summary>
    private DateTimeOffset FirstStart()
    {
        if (!File.Exists(firstStart))
        {
            File.WriteAllBytes(firstStart, []);
        }

        return File.GetLastWriteTimeUtc(firstStart);
    }

    /// <summary>What the daemon's options say of the network <c>bridge</c>.</summary>
    /// <param name="running">A container that still runs on it: its addresses stay, whatever the options say.</param>
    private NetworkRecord DefaultNetwork(BridgeEndpoint? running, IReadOnlyList<NetworkRecord> others)
    {
        var link = BridgeLink.Find(route, options.LinkName);
        var pools = ImmutableArray.CreateBuilder<NetworkPool>();
        pools.Add(DefaultPool(false, link?.Index, running?.Gateway, running?.PrefixLength ?? 0, others));
        if (options.EnableIPv6)
        {
            pools.Add(DefaultPool(true, link?.Index, running?.Gateway6, running?.PrefixLength6 ?? 0, others));
        }

        var driverOptions = ImmutableSortedDictionary<string, string>.Empty
            .Add("com.docker.network.bridge.default_bridge", "true")
            .Add(BridgeSettings.IccOption, options.Icc ? "true" : "false")
            .Add(BridgeSettings.MasqueradeOption, options.Masquerade ? "true" : "false")
            .Add(BridgeSettings.HostBindingOption, (options.HostBinding ?? IPAddress.Any).ToString())
            .Add(BridgeSettings.NameOption, options.LinkName)
            .Add(BridgeSettings.MtuOption, $"{options.Mtu}");
        return Bare(NetworkRecord.Bridge, NetworkRecord.Bridge) with { EnableIPv6 = options.EnableIPv6, Pools = pools.DrainToImmutable(), Options = driverOptions };
    }

    private NetworkPool DefaultPool(bool ipv6, int? linkIndex, IPAddress? runningGateway, int runningPrefix, IReadOnlyList<NetworkRecord> others)
    {
        var asked = ipv6 ? options.Address6 : options.Address;
        var present = linkIndex is { } index ? BridgeLink.AddressOf(route, index, ipv6) : null;
        var wayOut = ipv6 ? options.DefaultGateway6 : options.DefaultGateway;
        var kept = runningGateway is not null && !runningGateway.Equals(wayOut) ? new InterfaceAddress(runningGateway, runningPrefix) : (InterfaceAddress?)null;
        if (kept is { } stays && asked is { } wanted && wanted != stays)
        {
            LogAddressKept(logger, stays, wanted);
        }

        var range = ipv6 ? options.FixedCidr6 : options.FixedCidr;
        var gateway = kept ?? asked ?? present ?? ChooseDefault(ipv6, range, others);
        var auxiliary = wayOut is null
            ? ImmutableSortedDictionary<string, IPAddress>.Empty
            : ImmutableSortedDictionary<string, IPAddress>.Empty.Add(ipv6 ? NetworkPool.DefaultGatewayName6 : NetworkPool.DefaultGatewayName, wayOut);
        var inside = range is { } part && gateway.Network.Contains(part.BaseAddress) && part.PrefixLength >= gateway.PrefixLength ? range : null;
        return new NetworkPool(gateway.Network, inside, gateway.Address, auxiliary, false);
    }

    private InterfaceAddress ChooseDefault(bool ipv6, IPNetwork? range, IReadOnlyList<NetworkRecord> others)
    {
        var pools = ipv6 ? [range is { } named ? new DefaultPool(named, named.PrefixLength) : DefaultPools.UniqueLocal(options.InstanceId)] : options.DefaultPools;
        var subnet = DefaultPools.ChooseFree(pools, [.. HostUses(), .. others.SelectMany(other => other.Pools).Select(pool => pool.Subnet)], ipv6);
        return new InterfaceAddress(Subnets.At(subnet, 1), subnet.PrefixLength);
    }

    private void TakeUp(string containerId, ContainerSandbox? sandbox)
    {
        var stands = sandbox is not null && sandbox.Endpoints.All(endpoint => IsMacvlan(endpoint) ? HasLink(endpoint) : IsOnBridge(endpoint)) && TryReserve(sandbox);
        if (!stands)
        {
            LogDropped(logger, containerId, "its namespace or its place on a network is gone");
            files.Delete(containerId);
            return;
        }

        foreach (var endpoint in sandbox!.Endpoints)
        {
            remembered.Remember(endpoint);
        }

        sandboxes = sandboxes.SetItem(containerId, sandbox);
        names.Put(sandbox, records);
        if (Overlaid(sandbox) is { IsEmpty: false } places)
        {
            overlayNames.Put(containerId, places);
            TryRestate(sandbox);
        }

        try
        {
            nameServers.Serve(sandbox, NamespacePath(containerId), records);
        }
        catch (NetworkFault fault)
        {
            LogNoNames(logger, containerId, fault.Message);
        }

        try
        {
            claims.Claim(containerId, TargetsOf(sandbox), null, sandbox.Ports);
        }
        catch (NetworkFault fault)
        {
            // The rule is ahead of any listener, so the container keeps its port; only its hold on it is gone until it is attached anew.
            LogPortNotHeld(logger, containerId, fault.Message);
        }
    }

    private bool TryReserve(ContainerSandbox sandbox)
    {
        var reserved = sandbox.Endpoints.TakeWhile(endpoint => networks[endpoint.NetworkId].TryReserve(endpoint)).ToList();
        if (reserved.Count == sandbox.Endpoints.Length)
        {
            return true;
        }

        reserved.ForEach(ReleaseAddresses);
        return false;
    }

    /// <summary>Namespaces and bridge ports without an endpoint: a crash came between the two.</summary>
    private void RemoveStrays()
    {
        foreach (var path in Directory.GetFiles(namespaces).Where(path => !sandboxes.ContainsKey(Path.GetFileName(path))))
        {
            NetworkNamespace.Delete(path);
        }

        var known = sandboxes.Values.SelectMany(sandbox => sandbox.Endpoints).Select(endpoint => endpoint.HostLink).ToHashSet();
        foreach (var bridges in networks.Values.Where(network => !network.Record.IsMacvlan).ToLookup(network => network.Route, network => network.Link.Index))
        {
            foreach (var link in bridges.Key.Links().Where(link => bridges.Contains(link.MasterIndex) && link.Name.StartsWith(BridgeEndpoint.HostLinkPrefix, StringComparison.Ordinal)))
            {
                if (!known.Contains(link.Name))
                {
                    bridges.Key.TryDeleteLink(link.Name);
                }
            }
        }

        overlays.RemoveStrays();
    }

    /// <summary>A bridge that somebody deleted was made anew, and its ports are without one.</summary>
    private bool IsOnBridge(BridgeEndpoint endpoint)
    {
        if (!networks.TryGetValue(endpoint.NetworkId, out var network) || network.Route.FindLink(endpoint.HostLink) is not { } link)
        {
            return false;
        }

        if (link.MasterIndex != network.Link.Index)
        {
            network.Route.SetMaster(link.Name, network.Link.Name);
            SandboxLinks.SetPortOptions(network, endpoint);
        }

        Place(network, endpoint);
        return true;
    }

    private bool IsMacvlan(BridgeEndpoint endpoint) => networks.GetValueOrDefault(endpoint.NetworkId)?.Record.IsMacvlan == true;

    /// <summary>Only its container sees a macvlan link.</summary>
    private bool HasLink(BridgeEndpoint endpoint)
    {
        using var ns = NetworkNamespace.Open(NamespacePath(endpoint.ContainerId));
        using var inside = RouteSocket.In(ns);
        return inside.FindLink(endpoint.LinkName) is not null;
    }

    private bool HasNamespace(string containerId) => NetworkNamespace.IsNamespace(NamespacePath(containerId));
}

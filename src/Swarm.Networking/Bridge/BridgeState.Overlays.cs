using System.Collections.Immutable;
using System.Net;
using Swarm.Linux;
using Swarm.Model;
using Swarm.Networking.Ipam;
using Swarm.Networking.Networks;
using Swarm.Networking.Overlay;

namespace Swarm.Networking.Bridge;

/// <summary>The cluster's networks on this node: what their tables say becomes links, names and rules.</summary>
internal sealed partial class BridgeState
{
    private readonly TableFiles tableFiles;
    private readonly OverlayLinks overlays;
    private readonly OverlayNames overlayNames = new();
    private readonly EndpointSweeper sweeper;
    private readonly Ingress ingress;

    /// <summary>Networks whose table is known and whose links are not made as it says.</summary>
    private readonly HashSet<string> unmade = [];
    private string nodeId = "";
    private ImmutableDictionary<string, NetworkTable> tables = ImmutableDictionary<string, NetworkTable>.Empty;
    private volatile ImmutableDictionary<string, NetworkTable> made = ImmutableDictionary<string, NetworkTable>.Empty;
    private KernelWatch? overlayWatch;

    /// <summary>By network: as far as links, names and rules are as they say.</summary>
    public ImmutableDictionary<string, NetworkTable> Tables => made;

    /// <summary>Called from any thread when something was taken away; it must not wait.</summary>
    public Action Look { private get; set; } = () => { };

    /// <summary>
    /// Who is new is reached before anybody hears of it, and who is gone is forgotten by names and rules first. The tables are durable before anything is done, and
    /// what a crash leaves undone the next start does.
    /// </summary>
    /// <exception cref="NetworkFault">A network could not be made; the others are.</exception>
    public async Task ApplyAsync(string node, ImmutableDictionary<string, NetworkTable> wanted)
    {
        var before = tables;
        var now = wanted.ToImmutableDictionary(pair => pair.Key, pair => before.TryGetValue(pair.Key, out var had) && node == nodeId && had.Index == pair.Value.Index && Codec.Same(had, pair.Value) ? had : pair.Value);
        tableFiles.Save(node, before, now);
        nodeId = node;
        foreach (var table in now.Values.Where(table => unmade.Contains(table.Network.Id) || !ReferenceEquals(table, before.GetValueOrDefault(table.Network.Id))))
        {
            unmade.Add(table.Network.Id);
        }

        var failures = PutOverlays(now);
        tables = now;
        overlayNames.Set(now.Values.Where(table => !table.Network.Ingress));
        await RemoveOverlaysAsync(before.Keys.Where(id => !now.ContainsKey(id)));
        Serve(before, now);
        await PutIngressAsync(failures);
        foreach (var table in now.Values)
        {
            overlays.Trim(nodeId, table);
        }

        Sweep(before, now);
        WatchOverlays();
        made = now.RemoveRange(unmade);
        if (failures.Count > 0)
        {
            throw failures[0];
        }
    }

    /// <summary>Hears from the kernel of the namespace that the overlays are in, as long as there is one.</summary>
    public void WatchOverlays()
    {
        if (overlays.IsThere != overlayWatch is not null)
        {
            overlayWatch?.Dispose();
            overlayWatch = overlays.IsThere ? new KernelWatch(overlays.Space, () => Look()) : null;
        }
    }

    private void RecoverOverlays()
    {
        (nodeId, tables) = tableFiles.Load();
        overlays.Adopt();
        unmade.UnionWith(tables.Keys);
        PutOverlays(tables);
        overlayNames.Set(tables.Values.Where(table => !table.Network.Ingress));
        made = tables.RemoveRange(unmade);
    }

    /// <summary>Makes the links of those that are not made yet.</summary>
    /// <returns>Why some are not.</returns>
    private List<NetworkFault> PutOverlays(ImmutableDictionary<string, NetworkTable> now)
    {
        var failures = new List<NetworkFault>();
        unmade.IntersectWith(now.Keys);
        foreach (var table in unmade.ToList().Select(id => now[id]))
        {
            try
            {
                Put(table);
                unmade.Remove(table.Network.Id);
            }
            catch (NetworkFault fault)
            {
                LogNotCreated(logger, table.Network.Annotations.Name, fault.Message);
                failures.Add(fault);
            }
        }

        return failures;
    }

    private void Put(NetworkTable table)
    {
        var had = overlays.Find(table.Network.Id);
        var link = overlays.Put(nodeId, table);
        var record = OverlayRecord.Of(table);
        networks[record.Id] = new LiveNetwork(
            record, BridgeSettings.Read(record.Id, ImmutableSortedDictionary<string, string>.Empty), new BridgeLink(link.Name, link.Index, link.Tunnel.Mtu, PassesRules: false), overlays.Route);
        records = records.SetItem(record.Id, record);
        foreach (var endpoint in sandboxes.Values.Select(sandbox => sandbox.On(record.Id)).OfType<BridgeEndpoint>().Where(_ => had?.Index != link.Index))
        {
            IsOnBridge(endpoint);
        }
    }

    private async Task RemoveOverlaysAsync(IEnumerable<string> gone)
    {
        foreach (var id in gone.ToList())
        {
            foreach (var sandbox in sandboxes.Values.Where(sandbox => sandbox.On(id) is not null))
            {
                await DisconnectAsync(sandbox.ContainerId, id);
            }

            if (ingressId == id)
            {
                await ingress.RemoveAsync();
                ingressId = null;
            }

            networks.Remove(id);
            records = records.Remove(id);
            unmade.Remove(id);
            if (overlays.Remove(id))
            {
                overlayWatch?.Dispose(); // it would keep the namespace
                overlayWatch = null;
                overlays.Leave();
            }
        }

        if (tables.IsEmpty && records.Values.FirstOrDefault(record => record.IsForOverlays) is { } gateway && sandboxes.Values.All(sandbox => sandbox.On(gateway.Id) is null))
        {
            await EndAsync(gateway);
        }
    }

    /// <summary>Makes the containers' rules what the tables say. The change of a network is made once, and applied in each of its containers.</summary>
    private void Serve(ImmutableDictionary<string, NetworkTable> before, ImmutableDictionary<string, NetworkTable> now)
    {
        var changed = now.Values.Where(table => !ReferenceEquals(table, before.GetValueOrDefault(table.Network.Id))).ToDictionary(
            table => table.Network.Id,
            table => (Was: before.GetValueOrDefault(table.Network.Id), Now: table,
                Rules: table.Network.Ingress ? null : ServiceRules.Change(before.GetValueOrDefault(table.Network.Id), table)));
        foreach (var sandbox in sandboxes.Values)
        {
            var concerned = sandbox.Endpoints.Where(endpoint => changed.ContainsKey(endpoint.NetworkId)).Select(endpoint => (Place: endpoint, Change: changed[endpoint.NetworkId])).ToList();
            if (concerned.TrueForAll(pair => pair.Change.Rules is { IsEmpty: true }))
            {
                continue;
            }

            try
            {
                using var ns = NetworkNamespace.Open(NamespacePath(sandbox.ContainerId));
                ns.Run(() => concerned.ForEach(pair => pair.Change.Rules?.Apply("change the rules of services")));
                foreach (var (place, change) in concerned.Where(pair => pair.Change.Rules is null && pair.Change.Was is not null))
                {
                    ReturnPath.Change(ns, place, change.Was!, change.Now);
                }
            }
            catch (IOException error)
            {
                LogRestated(logger, sandbox.ContainerId, error.Message);
                TryRestate(sandbox);
            }
        }
    }

    /// <summary>Of a container that runs: one that cannot be served is no reason to leave the others.</summary>
    private void TryRestate(ContainerSandbox sandbox)
    {
        try
        {
            using var ns = NetworkNamespace.Open(NamespacePath(sandbox.ContainerId));
            Restate(sandbox, ns);
        }
        catch (Exception error) when (error is IOException or NetworkFault)
        {
            LogNotServed(logger, sandbox.ContainerId, error.Message);
        }
    }

    private string? ingressId;

    private async Task PutIngressAsync(List<NetworkFault> failures)
    {
        if (tables.Values.FirstOrDefault(table => table.Network.Ingress) is not { } table || overlays.Find(table.Network.Id) is not { } link || !options.ManagesFirewall)
        {
            return;
        }

        try
        {
            ingressId = table.Network.Id;
            await ingress.ApplyAsync(nodeId, table, link, overlays.Route, [.. networks.Values.Where(network => !network.Record.IsOverlay).SelectMany(network => network.Record.Pools).Select(pool => pool.Subnet)]);
        }
        catch (Exception error) when (error is IOException)
        {
            failures.Add(new NetworkFault(NetworkFaultKind.Refused, $"the ports of services are not published by this node: {error.Message}", error));
            LogNotCreated(logger, table.Network.Annotations.Name, error.Message);
        }
    }

    /// <summary>Connections to who has ended are cut; who only takes no new ones keeps those that he has.</summary>
    private void Sweep(ImmutableDictionary<string, NetworkTable> before, ImmutableDictionary<string, NetworkTable> now)
    {
        foreach (var (id, table) in now.Where(pair => before.ContainsKey(pair.Key) && !ReferenceEquals(before[pair.Key], pair.Value)))
        {
            var gone = before[id].Endpoints.Values.SelectMany(TableServices.Addresses).Except(table.Endpoints.Values.SelectMany(TableServices.Addresses)).ToHashSet();
            var members = sandboxes.Values.Where(sandbox => sandbox.On(id) is not null).Select(sandbox => NamespacePath(sandbox.ContainerId)).ToList();
            if (gone.Count > 0 && members.Count > 0)
            {
                sweeper.Left(gone, members);
            }
        }
    }

    private ImmutableArray<BridgeEndpoint> Overlaid(ContainerSandbox sandbox) =>
        [.. sandbox.Endpoints.Where(endpoint => records.GetValueOrDefault(endpoint.NetworkId)?.IsOverlay == true)];

    /// <summary>After a change of a container's places.</summary>
    private void Follow(ContainerSandbox? before, ContainerSandbox sandbox)
    {
        var places = Overlaid(sandbox);
        overlayNames.Put(sandbox.ContainerId, places);
        if (before is null ? places.Length > 0 : (places.Length > 0 || Overlaid(before).Length > 0) && !before.Endpoints.SequenceEqual(sandbox.Endpoints))
        {
            using var ns = NetworkNamespace.Open(NamespacePath(sandbox.ContainerId));
            Restate(sandbox, ns);
        }
    }

    /// <summary>All rules of services in a container, whatever there was.</summary>
    private void Restate(ContainerSandbox sandbox, NetworkNamespace ns)
    {
        var places = Overlaid(sandbox);
        ns.Run(() => ServiceRules.Whole(places.Select(place => tables.GetValueOrDefault(place.NetworkId)).OfType<NetworkTable>().Where(table => !table.Network.Ingress)).Apply("state the rules of services"));
        if (places.FirstOrDefault(place => tables.GetValueOrDefault(place.NetworkId)?.Network.Ingress == true) is { } published)
        {
            IPAddress?[] wayOut = [WayOut.Of(sandbox, networks, ipv6: false)?.Address, WayOut.Of(sandbox, networks, ipv6: true)?.Address6];
            ReturnPath.Make(ns, published, [.. wayOut.OfType<IPAddress>()], tables[published.NetworkId]);
        }
    }

    /// <summary>A container on networks of the cluster gets out by a bridge of its node, unless all of them are internal or it has another one.</summary>
    private async Task<LiveNetwork?> WayOutForAsync(IReadOnlyCollection<LiveNetwork> asked)
    {
        if (!asked.Any(network => network.Record is { IsOverlay: true, Internal: false }) || asked.Any(network => network.Record is { IsOverlay: false, Internal: false, Name: not NetworkRecord.Gateway }))
        {
            return null;
        }

        var record = records.Values.FirstOrDefault(record => record.Name == NetworkRecord.Gateway);
        if (record is null)
        {
            var spec = new NetworkSpec(NetworkRecord.Gateway)
            {
                Options = ImmutableSortedDictionary<string, string>.Empty.Add(BridgeSettings.IccOption, "false").Add(BridgeSettings.MasqueradeOption, "true"),
            };

            // Another daemon of this host may have that link.
            spec = route.FindLink(NetworkRecord.Gateway) is null ? spec with { Options = spec.Options.Add(BridgeSettings.NameOption, NetworkRecord.Gateway) } : spec;
            record = await CreateAsync(spec, isForOverlays: true);
            await PutIngressAsync([]); // its containers are among those whose addresses mean nothing elsewhere
        }

        return networks[record.Id];
    }

    private async Task RepairOverlaysAsync()
    {
        var broken = tables.Values.Where(table => overlays.Find(table.Network.Id) is { } link && !overlays.Stands(link)).ToList();
        foreach (var table in broken)
        {
            LogRepairing(logger, $"links of network {table.Network.Annotations.Name} are gone");
            unmade.Add(table.Network.Id);
        }

        var failures = PutOverlays(tables);
        if (await ingress.RepairAsync() || broken.Exists(table => table.Network.Ingress))
        {
            await PutIngressAsync(failures);
        }
    }

    private async Task TeardownOverlaysAsync()
    {
        await ingress.RemoveAsync();
        overlayWatch?.Dispose();
        overlayWatch = null;
        overlays.Leave();
        tableFiles.Delete();
    }
}

using System.Collections.Immutable;
using Swarm.Linux;
using Swarm.Model;
using Swarm.Networking.Netlink;
using Swarm.Networking.Networks;
using Swarm.Networking.Overlay;
using Swarm.Networking.Overlay.Sealing;

namespace Swarm.Networking.Bridge;

/// <summary>The cluster's networks on this node: what their tables say becomes links, names and rules.</summary>
internal sealed partial class BridgeState
{
    private readonly TableFiles tableFiles;
    private readonly SealedPath sealedPath;
    private readonly OverlayLinks overlays;
    private readonly OverlayNames overlayNames = new();
    private readonly EndpointSweeper sweeper;
    private readonly Ingress ingress;

    /// <summary>Networks whose table is known and whose links are not made as it says.</summary>
    private readonly HashSet<string> unmade = [];
    private string nodeId = "";
    private string? ingressId;
    private ImmutableDictionary<string, NetworkTable> tables = ImmutableDictionary<string, NetworkTable>.Empty;
    private volatile ImmutableDictionary<string, NetworkTable> made = ImmutableDictionary<string, NetworkTable>.Empty;
    private volatile ImmutableDictionary<string, string> unsupported = ImmutableDictionary<string, string>.Empty;
    private KernelWatch? overlayWatch;

    /// <inheritdoc cref="BridgeNetworks.Unsupported"/>
    public ImmutableDictionary<string, string> Unsupported => unsupported;

    /// <summary>By network: as far as links, names and rules are as they say.</summary>
    public ImmutableDictionary<string, NetworkTable> Tables => made;

    /// <summary>Called from any thread when something was taken away; it must not wait.</summary>
    public Action Look { private get; set; } = () => { };

    /// <summary>
    /// Who is gone is forgotten by names at once, and by rules before its links go; who is new is reached before anybody hears of it. The tables are durable before
    /// anything else is done, and what a crash leaves undone the next start does.
    /// </summary>
    /// <exception cref="NetworkFault">A network could not be made; the others are.</exception>
    public async Task ApplyAsync(string node, ImmutableDictionary<string, NetworkTable> wanted)
    {
        var before = tables;
        var now = wanted.ToImmutableDictionary(pair => pair.Key, pair => before.TryGetValue(pair.Key, out var had) && node == nodeId && had.Index == pair.Value.Index && Codec.Same(had, pair.Value) ? had : pair.Value);
        overlayNames.Set(before.Values.Where(table => now.ContainsKey(table.Network.Id)).Select(table => WithoutGone(table, now[table.Network.Id])));
        tableFiles.Save(node, before, now);
        nodeId = node;
        foreach (var table in now.Values.Where(table => unmade.Contains(table.Network.Id) || !ReferenceEquals(table, before.GetValueOrDefault(table.Network.Id))))
        {
            unmade.Add(table.Network.Id);
        }

        var failures = PutOverlays(now);
        tables = now;
        try
        {
            await PutOwnAsync(failures);
            overlayNames.Set(now.Values);
            await RemoveOverlaysAsync(before.Keys.Where(id => !now.ContainsKey(id)));
            Serve(before, now);
            await PutIngressAsync(failures);
            foreach (var table in now.Values)
            {
                overlays.Trim(nodeId, table);
            }

            Sweep(before, now);
            WatchOverlays();
        }
        catch
        {
            tables = before; // the next call does all of it again: what is done already does no harm
            throw;
        }

        made = now.RemoveRange(unmade);
        if (failures.Count > 0)
        {
            throw failures[0];
        }
    }

    /// <summary>What both know, as it is now; as it was if nobody has gone.</summary>
    private static NetworkTable WithoutGone(NetworkTable before, NetworkTable now) =>
        before.Services.Keys.All(now.Services.ContainsKey) && before.Endpoints.Keys.All(now.Endpoints.ContainsKey) ? before : now with
        {
            Services = now.Services.RemoveRange(now.Services.Keys.Where(id => !before.Services.ContainsKey(id))),
            Endpoints = now.Endpoints.RemoveRange(now.Endpoints.Keys.Where(id => !before.Endpoints.ContainsKey(id))),
        };

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
        unmade.RemoveWhere(id => records.ContainsKey(id));
        foreach (var table in tables.Values)
        {
            overlays.Trim(nodeId, table);
        }

        overlayNames.Set(tables.Values);
        made = tables.RemoveRange(unmade);
    }

    /// <summary>Makes the links of those that are not made yet.</summary>
    /// <returns>Why some are not.</returns>
    private List<NetworkFault> PutOverlays(ImmutableDictionary<string, NetworkTable> now)
    {
        var failures = new List<NetworkFault>();
        unmade.IntersectWith(now.Keys);
        unsupported = unsupported.RemoveRange(unsupported.Keys.Where(id => !unmade.Contains(id)));
        foreach (var table in unmade.ToList().Select(id => now[id]).Where(table => !table.Network.IsOfNodes))
        {
            try
            {
                Put(table);
                IsMade(table.Network.Id);
            }
            catch (NetworkFault fault)
            {
                LogNotCreated(logger, table.Network.Annotations.Name, fault.Message);
                failures.Add(fault);
                unsupported = fault.Kind == NetworkFaultKind.Unsupported ? unsupported.SetItem(table.Network.Id, fault.Message) : unsupported.Remove(table.Network.Id);
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

    private void Place(LiveNetwork network, BridgeEndpoint endpoint)
    {
        if (network.Record.IsOverlay)
        {
            overlays.Place(network.Id, endpoint.Mac, network.Route.FindLink(endpoint.HostLink)!.Index);
        }
    }

    private void IsMade(string id)
    {
        unmade.Remove(id);
        unsupported = unsupported.Remove(id);
    }

    /// <summary>Makes those that each node has of its own.</summary>
    private async Task PutOwnAsync(List<NetworkFault> failures)
    {
        foreach (var network in unmade.ToList().Select(id => tables[id].Network).Where(network => network.IsOfNodes))
        {
            try
            {
                if (!records.ContainsKey(network.Id))
                {
                    await CreateAsync(OwnNetwork.Of(network), clusterId: network.Id);
                }

                IsMade(network.Id);
            }
            catch (Exception error) when (error is NetworkFault or IOException)
            {
                var fault = error as NetworkFault ?? new NetworkFault(NetworkFaultKind.Refused, $"network {network.Annotations.Name} cannot be made on this node: {error.Message}", error);
                LogNotCreated(logger, network.Annotations.Name, fault.Message);
                failures.Add(fault);
                unsupported = unsupported.SetItem(network.Id, fault.Message); // another node may have what this one has not
            }
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

            if (records.GetValueOrDefault(id) is { IsOfCluster: true } own)
            {
                unmade.Remove(id);
                await EndAsync(own);
                continue;
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

    private async Task PutIngressAsync(List<NetworkFault> failures)
    {
        if (tables.Values.FirstOrDefault(table => table.Network.Ingress) is not { } table || overlays.Find(table.Network.Id) is null || !options.ManagesFirewall)
        {
            return;
        }

        try
        {
            ingressId = table.Network.Id;
            await ingress.ApplyAsync(nodeId, table, [.. networks.Values.Where(network => network.Record is { IsOverlay: false, IsMacvlan: false }).SelectMany(network => network.Record.Pools).Select(pool => pool.Subnet)]);
        }
        catch (Exception error) when (error is IOException)
        {
            failures.Add(new NetworkFault(NetworkFaultKind.Refused, $"the ports of services are not published by this node: {error.Message}", error));
            LogNotCreated(logger, table.Network.Annotations.Name, error.Message);
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

            // A server by UDP that is bound to no address answers by its way out, so clients of a family need one of that family.
            spec = tables.Values.Any(table => table.Network is { Ingress: true, EnableIPv6: true }) ? spec with { EnableIPv6 = true } : spec;

            // Another daemon of this host may have that link.
            spec = route.FindLink(NetworkRecord.Gateway) is null ? spec with { Options = spec.Options.Add(BridgeSettings.NameOption, NetworkRecord.Gateway) } : spec;
            record = await CreateAsync(spec, isForOverlays: true);
        }

        return networks[record.Id];
    }

    private IEnumerable<LiveNetwork> Networks(ContainerSandbox sandbox) => sandbox.Endpoints.Select(endpoint => networks[endpoint.NetworkId]);

    /// <summary>The bridge by which containers on networks of the cluster get out comes and goes with the need for it.</summary>
    /// <param name="wayOut">Null: there is none.</param>
    private ContainerSandbox Balance(ContainerSandbox sandbox, LiveNetwork? wayOut, NetworkNamespace ns, RouteSocket inside)
    {
        var superfluous = sandbox.Endpoints.Where(endpoint => networks[endpoint.NetworkId].Record.IsForOverlays && endpoint.NetworkId != wayOut?.Id).ToList();
        var balanced = superfluous.Aggregate(sandbox, Disconnect);
        return wayOut is not null && balanced.On(wayOut.Id) is null ? Connect(balanced, wayOut, new EndpointRequest(wayOut.Id), ns, inside) : balanced;
    }

    private async Task RepairOverlaysAsync()
    {
        var broken = tables.Values.Where(table => overlays.Find(table.Network.Id) is { } link && (!overlays.Stands(link) || (table.Keys is not null && sealedPath.IsBroken))).ToList();
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

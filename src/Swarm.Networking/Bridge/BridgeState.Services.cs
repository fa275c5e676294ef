using System.Collections.Immutable;
using System.Net;
using Swarm.Linux;
using Swarm.Model;
using Swarm.Networking.Nftables;
using Swarm.Networking.Overlay;

namespace Swarm.Networking.Bridge;

/// <summary>What containers on the cluster's networks know of services: the rules in their namespaces.</summary>
internal sealed partial class BridgeState
{
    private readonly RuleSockets ruleSockets = new();

    /// <summary>The rules that a container got last when it began: the next is likely to be on the same networks.</summary>
    private (List<NetworkTable> Tables, RuleBatch Rules)? stated;

    /// <summary>Makes the containers' rules what the tables say. The change of a network is made once, and applied in each of its containers.</summary>
    private void Serve(ImmutableDictionary<string, NetworkTable> before, ImmutableDictionary<string, NetworkTable> now)
    {
        var changed = now.Values.Where(table => !ReferenceEquals(table, before.GetValueOrDefault(table.Network.Id))).ToDictionary(
            table => table.Network.Id,
            table => (Was: before.GetValueOrDefault(table.Network.Id), Now: table,
                Rules: table.Network.Ingress ? null : ServiceRules.Change(before.GetValueOrDefault(table.Network.Id), table)));
        var failed = new HashSet<string>();
        ruleSockets.Apply(
            With(place => changed.TryGetValue(place.NetworkId, out var change) && change.Rules is { IsEmpty: false }),
            id => sandboxes[id].Endpoints.Select(place => changed.GetValueOrDefault(place.NetworkId).Rules).OfType<RuleBatch>(),
            "change the rules of services",
            Failed);

        var ways = With(place => changed.TryGetValue(place.NetworkId, out var change) && change is { Rules: null, Was: { } was } && ReturnPath.Differs(was, change.Now))
            .ToDictionary(pair => pair.Value, pair => pair.Key);
        NetworkNamespace.RunInEach(
            ways.Keys,
            path =>
            {
                foreach (var place in sandboxes[ways[path]].Endpoints)
                {
                    if (changed.GetValueOrDefault(place.NetworkId) is { Rules: null, Was: { } was } change)
                    {
                        ReturnPath.Change(place, was, change.Now);
                    }
                }
            },
            (path, error) => Failed(ways[path], error));
        foreach (var id in failed)
        {
            TryRestate(sandboxes[id]);
        }

        void Failed(string containerId, IOException error)
        {
            LogRestated(logger, containerId, error.Message);
            failed.Add(containerId);
        }
    }

    /// <summary>Containers with such a place, and the files of their namespaces.</summary>
    private Dictionary<string, string> With(Func<BridgeEndpoint, bool> place) =>
        sandboxes.Values.Where(sandbox => sandbox.Endpoints.Any(place)).ToDictionary(sandbox => sandbox.ContainerId, sandbox => NamespacePath(sandbox.ContainerId));

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
        var served = places.Select(place => tables.GetValueOrDefault(place.NetworkId)).OfType<NetworkTable>().Where(table => !table.Network.Ingress).ToList();
        if (stated is not { } last || !last.Tables.SequenceEqual(served, ReferenceEqualityComparer.Instance))
        {
            stated = (served, ServiceRules.Whole(served));
        }

        var rulesOfServices = stated.Value.Rules;
        var published = places.FirstOrDefault(place => tables.GetValueOrDefault(place.NetworkId)?.Network.Ingress == true);
        IPAddress?[] wayOut = [WayOut.Of(sandbox, networks, ipv6: false)?.Address, WayOut.Of(sandbox, networks, ipv6: true)?.Address6];
        ns.Run(() =>
        {
            rulesOfServices.Apply(ruleSockets.Open(sandbox.ContainerId), "state the rules of services");
            if (published is not null)
            {
                ReturnPath.Make(published, [.. wayOut.OfType<IPAddress>()], tables[published.NetworkId]);
            }
        });
    }
}

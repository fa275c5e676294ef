using System.Collections.Immutable;
using Swarm.Manager.Control;
using Swarm.Manager.Dispatch;
using Swarm.Manager.Exec;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Work;
using Swarm.Store;

namespace Swarm.Manager.Networks;

/// <summary>What one node has of a network.</summary>
/// <param name="Index">The store's index that its table is of; null: it has none, or could not be asked.</param>
/// <param name="Differences">Where it differs from the store, one line each.</param>
public sealed record NodeNetworkCheck(string NodeId, long? Index, ImmutableArray<string> Differences);

/// <summary>Compares a network on every node with the store.</summary>
public sealed class NetworkCheck(IObjectStore store, INodeWorkClient client)
{
    /// <summary>Differences of one node that are named; the rest is counted.</summary>
    internal const int MaxDifferences = 100;

    /// <summary>Every node that has, or should have, a part in the network. What is under way when the nodes are asked may show as a difference.</summary>
    /// <exception cref="ControlException">404: there is no such network.</exception>
    public async Task<IReadOnlyList<NodeNetworkCheck>> RunAsync(string idOrName, CancellationToken cancellation)
    {
        await store.ReadAsync(cancellation).ConfigureAwait(false);
        using var tables = new NetworkTables(store);
        var picture = tables.Take();
        var network = picture.View.Network(idOrName);
        var wanted = picture.ByNetwork.GetValueOrDefault(network.Id) ?? new NetworkTable { Network = network };
        var checks = await Task.WhenAll(picture.View.Nodes.Select(node => CheckAsync(node, network.Id, wanted, cancellation))).ConfigureAwait(false);
        return [.. checks.OfType<NodeNetworkCheck>()];
    }

    private async Task<NodeNetworkCheck?> CheckAsync(Node node, string networkId, NetworkTable wanted, CancellationToken cancellation)
    {
        var takesPart = wanted.Peers.ContainsKey(node.Id);
        NetworkState? state = null;
        try
        {
            await foreach (var one in client.NetworksAsync(TaskExecs.AddressOf(node), node.Id, new NetworkStateRequest { NetworkIds = [networkId] }, cancellation).ConfigureAwait(false))
            {
                state = one;
            }
        }
        catch (RpcFault fault)
        {
            return takesPart ? new NodeNetworkCheck(node.Id, null, [$"could not be asked: {fault.Message}"]) : null;
        }

        var table = state?.Table;
        if (table is null || !takesPart)
        {
            return (takesPart, table is null) switch
            {
                (false, true) => null,
                (false, false) => new NodeNetworkCheck(node.Id, table!.Index, ["it still has a part in the network"]),
                _ => new NodeNetworkCheck(node.Id, null, ["it has no part in the network"]),
            };
        }

        List<string> differences = [.. Differences(wanted, table), .. state!.Faults];
        return new NodeNetworkCheck(
            node.Id, table.Index, differences.Count <= MaxDifferences ? [.. differences] : [.. differences.Take(MaxDifferences), $"and {differences.Count - MaxDifferences} more"]);
    }

    internal static IEnumerable<string> Differences(NetworkTable wanted, NetworkTable has) =>
    [
        .. Codec.Same(wanted.Network, has.Network) && wanted.DataPathPort == has.DataPathPort ? [] : new[] { "the network itself differs" },
        .. wanted.Keys?.Current == has.Keys?.Current ? [] : new[] { $"it uses key {has.Keys?.Current} in place of {wanted.Keys?.Current}" },
        .. Differences("endpoint", wanted.Endpoints, has.Endpoints),
        .. Differences("service", wanted.Services, has.Services),
        .. Differences("peer", wanted.Peers, has.Peers),
    ];

    private static IEnumerable<string> Differences<T>(string what, ImmutableSortedDictionary<string, T> wanted, ImmutableSortedDictionary<string, T> has) where T : class =>
    [
        .. wanted.Where(one => !has.ContainsKey(one.Key)).Select(one => $"{what} {one.Key} is missing"),
        .. has.Keys.Where(key => !wanted.ContainsKey(key)).Select(key => $"{what} {key} should not be there"),
        .. wanted.Where(one => has.TryGetValue(one.Key, out var other) && !Codec.Same(one.Value, other)).Select(one => $"{what} {one.Key} differs"),
    ];
}

using Microsoft.Extensions.Time.Testing;
using Swarm.Store.Consensus.Memory;
using Swarm.Store.Replication;

namespace Swarm.Store.Tests;

internal sealed class MemoryTestCluster : TestCluster
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);
    private readonly FakeTimeProvider _time = new();
    private readonly Dictionary<string, ReplicatedStore> _stores = [];
    private readonly MemoryCluster _cluster;

    private MemoryTestCluster(int snapshotEvery) =>
        _cluster = new MemoryCluster(_time, new Random(1), new MemoryClusterOptions { SnapshotEvery = snapshotEvery });

    internal override IReadOnlyDictionary<string, ReplicatedStore> Up => new Dictionary<string, ReplicatedStore>(_stores);

    internal static async Task<MemoryTestCluster> FoundAsync(string id, int snapshotEvery)
    {
        var cluster = new MemoryTestCluster(snapshotEvery);
        await cluster.StartAsync(id, found: true);
        return cluster;
    }

    internal override Task StartEmptyAsync(string id) => StartAsync(id, found: false);

    internal override async Task StopAsync(string id)
    {
        _stores.Remove(id, out var store);
        await store!.DisposeAsync();
    }

    internal override Task RestartAsync(string id) => StartAsync(id, found: false);

    internal override void Isolate(string id)
    {
        foreach (var other in _stores.Keys.Where(other => other != id))
        {
            _cluster.Cut(id, other);
        }
    }

    internal override void Heal() => _cluster.Heal();

    /// <summary>The clock moves once everything that the last step set off had its turn on the thread pool.</summary>
    protected override async Task StepAsync()
    {
        _time.Advance(Tick);
        await Task.Delay(1);
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var id in _stores.Keys.ToArray())
        {
            await StopAsync(id);
        }

        _cluster.Dispose();
    }

    private async Task StartAsync(string id, bool found)
    {
        var store = new ReplicatedStore(id, state => _cluster.CreateNode(id, state, found), _cluster.TransportOf(id), _time);
        _stores[id] = store;
        await store.StartAsync(CancellationToken.None);
        _cluster.Attach(id, store);
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Model;
using Swarm.Store;
using Swarm.Store.Consensus;
using Swarm.Store.Consensus.Raft;
using Swarm.Store.Replication;

namespace Swarm.Benchmarks;

/// <summary>Managers' stores m1, m2, ... in this process, each with its own folder; they call each other directly.</summary>
internal sealed class StoreCluster : IAsyncDisposable
{
    private static readonly TimeSpan Ask = TimeSpan.FromMilliseconds(2);
    private readonly ConcurrentDictionary<string, ReplicatedStore> _stores = new();
    private readonly string _root;
    private readonly int _snapshotEvery;

    private StoreCluster(string root, int snapshotEvery)
    {
        _root = root;
        _snapshotEvery = snapshotEvery;
    }

    public ReplicatedStore this[string id] => _stores[id];

    public static async Task<StoreCluster> UpAsync(string root, int members, int snapshotEvery)
    {
        var cluster = new StoreCluster(root, snapshotEvery);
        await cluster.StartAsync("m1", RaftBootstrap.Found);
        await UntilAsync(() => cluster["m1"].Leadership.IsLeader);
        for (var i = 2; i <= members; i++)
        {
            await cluster.StartAsync($"m{i}", RaftBootstrap.Join);
            await cluster["m1"].Consensus.AddMemberAsync($"m{i}", CancellationToken.None);
            var joined = cluster[$"m{i}"];
            await UntilAsync(() => joined.Leadership.LeaderId is not null);
        }

        return cluster;
    }

    public async Task FillAsync(IEnumerable<SwarmTask> tasks)
    {
        foreach (var transaction in SampleTasks.Creating(tasks))
        {
            if (await this["m1"].CommitAsync(transaction, CancellationToken.None) is { IsCommitted: false } refused)
            {
                throw new InvalidOperationException($"the store could not be filled: {refused.Status}");
            }
        }
    }

    /// <summary>Seconds until the member, stopped and started again, holds what the condition asks for.</summary>
    public async Task<double> RestartAsync(string id, Func<StoreView, bool> condition)
    {
        _stores.TryRemove(id, out var old);
        await old!.DisposeAsync();
        var watch = Stopwatch.StartNew();
        await StartAsync(id, RaftBootstrap.Join);
        await UntilAsync(() => condition(this[id].View));
        return watch.Elapsed.TotalSeconds;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _stores.Values)
        {
            await store.DisposeAsync();
        }
    }

    public static async Task UntilAsync(Func<bool> condition)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            if (watch.Elapsed > TimeSpan.FromMinutes(1))
            {
                throw new TimeoutException("the stores are not ready within a minute");
            }

            await Task.Delay(Ask);
        }
    }

    private async Task StartAsync(string id, RaftBootstrap bootstrap)
    {
        var transport = new Transport(this, id);
        var options = new RaftOptions { Directory = Path.Combine(_root, id), NodeId = id, Bootstrap = bootstrap, SnapshotEvery = _snapshotEvery, DataKeys = [new byte[32]] };
        var store = new ReplicatedStore(
            id, state => new RaftConsensus(options, state, transport, TimeProvider.System, NullLoggerFactory.Instance), transport, TimeProvider.System);
        await store.StartAsync(CancellationToken.None);
        _stores[id] = store;
    }

    private sealed class Transport(StoreCluster cluster, string from) : IPeerTransport
    {
        public async Task<ReadOnlyMemory<byte>> CallAsync(string to, ReadOnlyMemory<byte> request, CancellationToken cancellation)
        {
            if (!cluster._stores.TryGetValue(to, out var store))
            {
                throw new PeerUnreachableException($"{to} is down");
            }

            // As a wire does: each side has its own bytes and its own thread.
            byte[] copy = request.ToArray();
            return (await Task.Run(() => store.HandleAsync(from, copy, cancellation), cancellation)).ToArray();
        }
    }
}

using CsCheck;
using Swarm.Model;
using Swarm.Store.Replication;

namespace Swarm.Store.Tests;

/// <summary>
/// A reader that folds what a watch delivers into its own copy has, whatever happens meanwhile, the store: commits, refusals, a snapshot that replaces
/// the store, a reader too slow for the buffer.
/// </summary>
public sealed class WatchesWithoutGaps
{
    private static readonly DateTimeOffset Time = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>What happens next: most often a write, now and then a read of the queue, rarely a snapshot or a flood.</summary>
    private static readonly Gen<(int What, int Id, int Count)> Steps = Gen.Select(Gen.Int[0, 99], Gen.Int[0, 9], Gen.Int[1, 40]);

    [Fact]
    public void A_copy_kept_from_a_watch_is_the_store() => Steps.List[1, 120].Sample(steps =>
    {
        var tables = new ObjectTables();
        var mirror = new Mirror(tables);
        foreach (var (what, id, count) in steps)
        {
            switch (what)
            {
                case < 60: Write(tables, id, what); break;
                case < 90: mirror.Read(count); break;
                case < 98: Replace(tables, id); break;
                default: Flood(tables); break;
            }
        }

        mirror.Read(int.MaxValue);
        Assert.Equal(Content(tables.View), mirror.Content);
        mirror.Close();
    }, iter: 300);

    [Fact]
    public void Every_reader_of_many_sees_the_same_commits_whenever_it_reads() => Gen.Select(Steps.List[1, 60], Gen.Int[2, 5]).Sample((steps, readers) =>
    {
        var tables = new ObjectTables();
        Mirror[] mirrors = [.. Enumerable.Range(0, readers).Select(_ => new Mirror(tables))];
        foreach (var (what, id, count) in steps)
        {
            Write(tables, id, what);
            mirrors[what % readers].Read(count);
        }

        Assert.All(mirrors, mirror => mirror.Read(int.MaxValue));
        Assert.All(mirrors, mirror => Assert.Equal(Content(tables.View), mirror.Content));
        Assert.All(mirrors, mirror => Assert.Equal(0, mirror.StartedOver));
    }, iter: 200);

    [Fact]
    public async Task A_watch_on_any_member_misses_nothing_across_changes_of_the_leader_and_an_installed_snapshot()
    {
        await using var cluster = await RaftTestCluster.FoundAsync("a", options => options with { SnapshotEvery = 20 });
        await cluster.LeaderAsync();
        await cluster.GrowAsync("b", "c");
        using var stop = new CancellationTokenSource();
        var mirrors = cluster.Up.ToDictionary(node => node.Key, node => FollowAsync(node.Value, stop.Token));
        var number = 0;
        for (var round = 0; round < 3; round++)
        {
            var leader = await cluster.LeaderAsync();
            await WriteAsync(10, cluster.Up.Keys.ToArray());
            cluster.Isolate(leader);
            await cluster.LeaderAsync(leader);

            // More than a snapshot's distance: who was cut off comes back by one.
            await WriteAsync(50, [.. cluster.Up.Keys.Where(id => id != leader)]);
            cluster.Heal();
        }

        await WriteAsync(1, ["a"]);
        await cluster.Until(() => cluster.Up.Values.Select(store => store.View.Index).Distinct().Count() == 1 && cluster["a"].View.Nodes.Count == number);
        var expected = Content(cluster["a"].View);
        foreach (var (_, mirror) in mirrors)
        {
            await cluster.Until(() => mirror.Mirror.Content.SequenceEqual(expected), () => $"{mirror.Mirror.Content.Length} of {expected.Length}, started over {mirror.Mirror.StartedOver} times");
        }

        await stop.CancelAsync();
        await cluster.Run(Task.WhenAll(mirrors.Values.Select(mirror => mirror.Done)));

        async Task WriteAsync(int count, string[] through)
        {
            for (var i = 0; i < count; i++)
            {
                var node = new Node { Id = $"n{number:D4}" };
                var store = cluster[through[i % through.Length]];
                CommitResult result;
                do
                {
                    result = await cluster.Run(store.CommitAsync(new StoreTransaction().Create(node), CancellationToken.None));
                }
                while (!result.IsCommitted && result.Status != CommitStatus.Exists);
                number++;
            }
        }
    }

    private static (Mirror Mirror, Task Done) FollowAsync(ReplicatedStore store, CancellationToken stop)
    {
        var mirror = new Mirror(store.Watch);
        return (mirror, Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                mirror.Read(int.MaxValue);
                try
                {
                    await mirror.WaitAsync(stop);
                }
                catch (Exception e) when (e is WatchLaggedException or OperationCanceledException)
                {
                    // The next read starts over, or nobody reads any more.
                }
            }

            mirror.Close();
        }, CancellationToken.None));
    }

    private static void Write(ObjectTables tables, int id, int what)
    {
        var old = tables.View.Nodes.Find($"n{id}");
        var transaction = new StoreTransaction();
        _ = (what % 4, old) switch
        {
            (0, not null) => transaction.Delete(old),
            (1, not null) => transaction.Update(old with { Meta = old.Meta with { Version = -1 } }),
            (_, not null) => transaction.Update(old with { Role = NodeRole.Manager }),
            _ => transaction.Create(new Node { Id = $"n{id}" }),
        };
        tables.Apply(tables.View.Index + 1, Time, transaction.Changes);
    }

    private static void Flood(ObjectTables tables)
    {
        for (var i = 0; i <= StoreWatch.Capacity; i++)
        {
            Write(tables, i % 10, 2);
        }
    }

    /// <summary>As if a snapshot came from the leader: entries were skipped, and objects came and went unseen.</summary>
    private static void Replace(ObjectTables tables, int id)
    {
        var ahead = new ObjectTables();
        ahead.Restore(tables.View);
        Write(ahead, id, 0);
        Write(ahead, (id + 1) % 10, 2);
        using var bytes = new MemoryStream();
        StoreSnapshot.Write(ahead.View, bytes);
        tables.Restore(StoreSnapshot.Read(new MemoryStream(bytes.ToArray())));
    }

    private static string[] Content(StoreView view) => [.. view.Nodes.Select(node => $"{node.Id}@{node.Meta.Version}")];

    /// <summary>A reader as the control loops are: it starts from the watch's view, applies changes to its own copy, and starts over when told to.</summary>
    private sealed class Mirror
    {
        private readonly Func<StoreWatch> _open;
        private readonly SortedDictionary<string, long> _copy = new(StringComparer.Ordinal);
        private StoreWatch _watch;
        private long _index;
        private volatile string[] _content = [];

        internal Mirror(ObjectTables tables) : this(tables.Watch)
        {
        }

        internal Mirror(Func<StoreWatch> open)
        {
            _open = open;
            _watch = open();
            Start();
        }

        internal string[] Content => _content;

        internal int StartedOver { get; private set; }

        internal void Read(int count)
        {
            for (var i = 0; i < count; i++)
            {
                if (_watch.Commits.TryRead(out var commit))
                {
                    Apply(commit);
                }
                else if (_watch.Commits.Completion.IsFaulted)
                {
                    Assert.IsType<WatchLaggedException>(_watch.Commits.Completion.Exception!.InnerException);
                    _watch.Dispose();
                    _watch = _open();
                    StartedOver++;
                    Start();
                }
                else
                {
                    break;
                }
            }

            _content = [.. _copy.Select(entry => $"{entry.Key}@{entry.Value}")];
        }

        internal async Task WaitAsync(CancellationToken cancellation) => await _watch.Commits.WaitToReadAsync(cancellation);

        internal void Close() => _watch.Dispose();

        private void Start()
        {
            _copy.Clear();
            _index = _watch.Start.Index;
            foreach (var node in _watch.Start.Nodes)
            {
                _copy.Add(node.Id, node.Meta.Version);
            }
        }

        /// <summary>What a commit says was there before must be what the copy holds: else one was missed, or came twice.</summary>
        private void Apply(StoreCommit commit)
        {
            Assert.True(commit.View.Index >= _index, $"{commit.View.Index} after {_index}");
            _index = commit.View.Index;
            foreach (var change in commit.Changes.Where(change => change.Table == TableKind.Node))
            {
                Assert.Equal(change.Old?.Meta.Version, _copy.TryGetValue(change.Object.Id, out var held) ? held : null);
                if (change.New is { } now)
                {
                    _copy[now.Id] = now.Meta.Version;
                }
                else
                {
                    _copy.Remove(change.Object.Id);
                }
            }
        }
    }
}

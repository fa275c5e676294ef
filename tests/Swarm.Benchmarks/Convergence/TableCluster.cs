using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Manager;
using Swarm.Manager.Dispatch;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Benchmarks.Convergence;

/// <summary>Five nodes under the product's own manager loops, with one network that all tasks are on.</summary>
internal sealed class TableCluster : IAsyncDisposable
{
    public const int Nodes = 5;
    public const string Network = "appnetwork123456789012345";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Tell = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _end = new();
    private readonly List<TableNode> _nodes = [];
    private readonly string _folder = RunFolder.Make();
    private Task _loops = Task.CompletedTask;
    private Task _following = Task.CompletedTask;

    private TableCluster()
    {
    }

    public TimedStore Store { get; } = new();

    /// <summary>Indexes at which the network's table became another one.</summary>
    public List<long> Changes { get; } = [];

    public static async Task<TableCluster> StartAsync()
    {
        var cluster = new TableCluster();
        var store = cluster.Store;
        await cluster.CommitAsync(new StoreTransaction()
            .Create(new Cluster { Id = "cluster" })
            .Create(new Network
            {
                Id = Network,
                Annotations = new Annotations { Name = "app" },
                Vni = 4097,
                Pools = [new NetworkPool { Subnet = "10.64.0.0/20", Gateway = "10.64.0.1" }],
            }));
        var dispatcher = new Dispatcher(store, TimeProvider.System, new Random(1), NullLoggerFactory.Instance);
        cluster._loops = new ManagerLoops(store, dispatcher, TimeProvider.System, new Random(2), NullLoggerFactory.Instance).RunAsync(cluster._end.Token);
        for (var number = 1; number <= Nodes; number++)
        {
            await cluster.CommitAsync(new StoreTransaction().Create(new Node { Id = string.Create(CultureInfo.InvariantCulture, $"node{number}") }));
            cluster._nodes.Add(await TableNode.StartAsync(number, cluster._folder, dispatcher));
        }

        cluster._following = cluster.FollowAsync();
        return cluster;
    }

    public async Task CommitAsync(StoreTransaction transaction)
    {
        var result = await Store.CommitAsync(transaction, CancellationToken.None);
        if (!result.IsCommitted)
        {
            throw new InvalidOperationException($"not committed: {result.Status} of {result.ObjectId}");
        }
    }

    public Task MakeServiceAsync(string name, ulong replicas) => CommitAsync(new StoreTransaction().Create(new Service
    {
        Id = name,
        Spec = new ServiceSpec
        {
            Annotations = new Annotations { Name = name },
            Replicas = replicas,
            Task = new TaskSpec { Container = new ContainerSpec { Image = "busybox:latest" }, Networks = [new NetworkAttachmentConfig { Target = Network }] },
        },
    }));

    /// <summary>Again, if the service was written meanwhile.</summary>
    public async Task ScaleAsync(string name, ulong replicas)
    {
        while (true)
        {
            var service = Store.View.Services.Find(name)!;
            var scaled = service with { Spec = service.Spec with { Replicas = replicas } };
            if ((await Store.CommitAsync(new StoreTransaction().Update(scaled), CancellationToken.None)).IsCommitted)
            {
                return;
            }
        }
    }

    public async Task UntilAsync(string what, Func<bool> holds)
    {
        var watch = Stopwatch.StartNew();
        var told = Tell;
        while (!holds())
        {
            if (watch.Elapsed > Limit)
            {
                throw new TimeoutException($"{what}: not within {Limit.TotalMinutes:0} minutes; {State()}");
            }

            if (watch.Elapsed > told)
            {
                told += Tell;
                Console.Error.WriteLine($"{what}: not yet; {State()}");
            }

            await Task.Delay(LookAgain);
        }
    }

    public int Running => Store.View.Tasks.Count(task => task is { Status.State: TaskState.Running, DesiredState: TaskState.Running });

    private string State() => string.Join(
        ", ", Store.View.Tasks.CountBy(task => $"{task.Status.State} {task.Status.Error}{task.Status.Message}").OrderByDescending(pair => pair.Value).Take(5).Select(pair => $"{pair.Value} {pair.Key}"));

    /// <summary>Every node's table is the newest.</summary>
    public Task SettledAsync() => UntilAsync("all nodes have the newest table", () =>
    {
        long last;
        lock (Changes)
        {
            last = Changes.LastOrDefault();
        }

        return _nodes.All(node => node.Tables.TryGetValue(Network, out var table) && table.Index >= last);
    });

    /// <summary>Milliseconds from the commit of each change since <paramref name="from"/> until every node had applied it.</summary>
    public List<double> Latencies(int from)
    {
        List<long> changes;
        lock (Changes)
        {
            changes = [.. Changes.Skip(from)];
        }

        var applied = _nodes.ConvertAll(node => node.Applied.Where(one => one.NetworkId == Network).ToList());
        return changes.ConvertAll(index => applied.Max(node => Stopwatch.GetElapsedTime(Store.CommittedAt(index), node.First(one => one.Index >= index).At).TotalMilliseconds));
    }

    /// <summary>Where a node's table is not the store's, or its kernel not as its table; empty: nowhere.</summary>
    public async Task<List<string>> DifferencesAsync()
    {
        using var tables = new NetworkTables(Store);
        var wanted = tables.Take().ByNetwork[Network];
        var differences = new List<string>();
        foreach (var node in _nodes)
        {
            differences.AddRange(Manager.Networks.NetworkCheck.Differences(wanted, node.Tables[Network]));
            differences.AddRange(await node.FaultsAsync(Network, CancellationToken.None));
        }

        return differences;
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _loops.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
        _end.Dispose();
    }

    private async Task FollowAsync()
    {
        using var watch = Store.Watch();
        var builder = new NetworkTablesBuilder(watch.Start);
        var picture = builder.Take(watch.Start, new NetworkPicture(StoreView.Empty, ImmutableDictionary<string, NetworkTable>.Empty));
        await foreach (var commit in watch.Commits.ReadAllAsync(_end.Token))
        {
            builder.Observe(commit);
            var next = builder.Take(commit.View, picture);
            if (!ReferenceEquals(next.ByNetwork.GetValueOrDefault(Network), picture.ByNetwork.GetValueOrDefault(Network)))
            {
                lock (Changes)
                {
                    Changes.Add(commit.View.Index);
                }
            }

            picture = next;
        }
    }
}

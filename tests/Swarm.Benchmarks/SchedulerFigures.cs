using System.Collections.Immutable;
using System.Diagnostics;
using Swarm.Manager.Loops;
using Swarm.Manager.Scheduling;
using Swarm.Model;
using Swarm.Store;
using TaskStatus = Swarm.Model.TaskStatus;

namespace Swarm.Benchmarks;

/// <summary>The scheduling loop on a store of this process, just-in-time compiled, by processor time: filtering, choosing, and applying the assignments.</summary>
internal static class SchedulerFigures
{
    private const int Nodes = 5_000;

    /// <param name="runs">Of each figure.</param>
    public static void Measure(Figures figures, int runs)
    {
        // What the compiler of a process that starts takes belongs to no placement: it is done after some 200,000.
        Run(services: 100, replicas: 1_000, new TaskSpec());
        Run(services: 100, replicas: 1_000, new TaskSpec { Placement = new Placement { SpreadOver = ["node.labels.zone", "node.labels.rack"] } });
        Figure(figures, runs, "100 services of 1,000 tasks", services: 100, replicas: 1_000, new TaskSpec());
        Figure(figures, runs, "the same, spread over zones and racks", services: 100, replicas: 1_000, new TaskSpec { Placement = new Placement { SpreadOver = ["node.labels.zone", "node.labels.rack"] } });
        Figure(figures, runs, "the same, with reservations and two constraints", services: 100, replicas: 1_000, new TaskSpec
        {
            Reservations = new Resources { NanoCpus = 100_000_000, MemoryBytes = 64 << 20 },
            Placement = new Placement { Constraints = ["node.platform.os==linux", "node.labels.zone!=zone-9"] },
        });
        Figure(figures, runs, "5,000 services of one task", services: 5_000, replicas: 1, new TaskSpec());
    }

    private static void Figure(Figures figures, int runs, string what, int services, int replicas, TaskSpec spec) =>
        figures.Add($"placements on 5,000 nodes: {what}", "", ">= 50 thousand/s", [.. Enumerable.Range(0, runs).Select(_ => services * replicas / Run(services, replicas, spec) / 1000)], "thousand/s");

    /// <summary>Seconds of processor time until all are placed.</summary>
    private static double Run(int services, int replicas, TaskSpec spec)
    {
        var store = new MemoryStore(TimeProvider.System);
        var loop = new SchedulingLoop();
        using var watch = store.Watch();
        foreach (var transaction in Creating(services, replicas, spec))
        {
            Commit(store, transaction);
        }

        GC.Collect();
        var before = Process.GetCurrentProcess().TotalProcessorTime;
        loop.Reset(watch.Start, TimeSpan.Zero);
        for (var isBusy = true; isBusy;)
        {
            while (watch.Commits.TryRead(out var commit))
            {
                loop.Observe(commit);
            }

            var batch = new ChangeBatch(StoreTransaction.MaxChanges);
            loop.Decide(store.View, batch, DateTimeOffset.UnixEpoch, TimeSpan.Zero);
            isBusy = !batch.IsEmpty;
            if (isBusy)
            {
                Commit(store, batch.Transaction);
            }
        }

        var spent = Process.GetCurrentProcess().TotalProcessorTime - before;
        var placed = store.View.Tasks.Count(task => task.Status.State == TaskState.Assigned);
        return placed == services * replicas ? spent.TotalSeconds : throw new InvalidOperationException($"{placed} of {services * replicas} tasks were placed");
    }

    private static IEnumerable<StoreTransaction> Creating(int services, int replicas, TaskSpec spec)
    {
        IEnumerable<IStoreObject> nodes = Enumerable.Range(0, Nodes).Select(i => new Node
        {
            Id = $"node{i:0000}",
            Status = new NodeStatus { State = NodeState.Ready },
            Spec = new NodeSpec
            {
                Annotations = new Annotations
                {
                    Labels = ImmutableSortedDictionary.CreateRange<string, string>(StringComparer.Ordinal, [new("zone", $"zone-{i % 10}"), new("rack", $"rack-{i % 250}")]),
                },
            },
            Description = new NodeDescription
            {
                Platform = new Platform { Os = "linux", Architecture = "x86_64" },
                Resources = new Resources { NanoCpus = 32_000_000_000, MemoryBytes = 128L << 30 },
            },
        });
        var tasks = Enumerable.Range(0, services * replicas).Select(i => new SwarmTask
        {
            Id = $"task{i:000000}",
            ServiceId = $"service{i / replicas}",
            Slot = (ulong)(i % replicas) + 1,
            Spec = spec,
            DesiredState = TaskState.Running,
            Status = new TaskStatus { State = TaskState.Pending },
        });
        foreach (var chunk in nodes.Concat(tasks).Chunk(StoreTransaction.MaxChanges))
        {
            var transaction = new StoreTransaction();
            foreach (var one in chunk)
            {
                _ = one is Node node ? transaction.Create(node) : transaction.Create((SwarmTask)one);
            }

            yield return transaction;
        }
    }

    private static void Commit(MemoryStore store, StoreTransaction transaction)
    {
        if (!store.CommitAsync(transaction, CancellationToken.None).Result.IsCommitted)
        {
            throw new InvalidOperationException("the store refused");
        }
    }
}

using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Swarm.Manager.Scheduling;
using Swarm.Manager.Scheduling.Filters;
using Swarm.Model;

namespace Swarm.Manager.Tests.Scheduling;

/// <summary>However the scheduler finds its nodes, each task goes to the one that <see cref="Rank"/> puts first of those that take it.</summary>
public sealed class RankedPlacementProperties
{
    private static readonly Gen<Resources?> GenReservations = Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2], (cpus, memory) =>
        cpus + memory == 0 ? null : new Resources { NanoCpus = cpus * 500_000_000L, MemoryBytes = (long)memory << 28 });

    private static readonly Gen<NodeShape[]> GenNodes =
        Gen.Select(Gen.Int[1, 4], Gen.Int[0, 4], (cpus, paused) => new NodeShape(cpus, paused == 0)).Array[1, 8];

    private static readonly Gen<Wave[]> GenWaves =
        Gen.Select(Gen.Int[0, 2], Gen.Int[1, 12], GenReservations, Gen.Int[0, 3], (service, tasks, reservations, limit) => new Wave(service, tasks, reservations, (ulong)limit)).Array[1, 6];

    [Fact]
    public void Every_task_goes_to_the_node_that_ranks_first() => Gen.Select(GenNodes, GenWaves, Gen.Int[0, 20]).Sample((nodes, waves, ended) =>
    {
        var cluster = new LoopDriver(new FakeTimeProvider(), new SchedulingLoop());
        var expected = new List<NodeInfo>();
        for (var i = 0; i < nodes.Length; i++)
        {
            cluster.Node($"n{i}", node => node with
            {
                Description = node.Description with { Resources = new Resources { NanoCpus = nodes[i].Cpus * 1_000_000_000L, MemoryBytes = (long)nodes[i].Cpus << 30 } },
                Spec = node.Spec with { Availability = nodes[i].IsPaused ? NodeAvailability.Pause : NodeAvailability.Active },
            });
            expected.Add(new NodeInfo(cluster.View.Nodes.Find($"n{i}")!));
        }

        for (var wave = 0; wave < waves.Length; wave++)
        {
            var tasks = Tasks(wave, waves[wave]);
            cluster.Write(transaction => tasks.Aggregate(transaction, (all, task) => all.Create(task)));
            cluster.Settle();
            foreach (var task in tasks)
            {
                var node = Best(expected, task, cluster.Time.GetUtcNow());
                if (cluster.View.Tasks.Find(task.Id)!.NodeId != (node?.Node.Id ?? ""))
                {
                    return false;
                }

                node?.Set(task with { NodeId = node.Node.Id });
            }

            // Some end, which the counts must follow; those that wait for room are of no later wave's concern.
            foreach (var task in cluster.View.Tasks.Where(task => task.Status.State == TaskState.Pending || ((int)task.Slot + wave) % 21 == ended).ToList())
            {
                expected.Find(node => node.Node.Id == task.NodeId)?.Remove(task.Id);
                cluster.Write(transaction => transaction.Delete(task));
            }

            cluster.Settle();
        }

        return true;
    }, iter: 500);

    private static NodeInfo? Best(List<NodeInfo> nodes, SwarmTask task, DateTimeOffset now)
    {
        var filters = new FilterPipeline(new TaskNeeds(task));
        return nodes.Where(filters.Admits).OrderBy(node => Rank.Of(node, task, now)).FirstOrDefault();
    }

    private static List<SwarmTask> Tasks(int wave, Wave shape) =>
    [
        .. Enumerable.Range(0, shape.Tasks).Select(slot => new SwarmTask
        {
            Id = $"w{wave}-{slot:00}",
            ServiceId = $"service{shape.Service}",
            SpecVersion = wave,
            Slot = (ulong)slot,
            DesiredState = TaskState.Running,
            Spec = new TaskSpec { Reservations = shape.Reservations, Placement = new Placement { MaxReplicasPerNode = shape.Limit } },
            Status = new Model.TaskStatus { State = TaskState.Pending },
        }),
    ];

    private sealed record NodeShape(int Cpus, bool IsPaused);

    private sealed record Wave(int Service, int Tasks, Resources? Reservations, ulong Limit);
}

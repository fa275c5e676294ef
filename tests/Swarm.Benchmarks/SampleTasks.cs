using Swarm.Model;
using Swarm.Store;
using TaskStatus = Swarm.Model.TaskStatus;

namespace Swarm.Benchmarks;

/// <summary>A cluster's worth of tasks, each with the fields that a real one has: a thousand to a service, on a hundred nodes.</summary>
internal static class SampleTasks
{
    private const int PerService = 1000, Nodes = 100;
    private static readonly DateTimeOffset Time = new(2026, 11, 23, 22, 0, 0, TimeSpan.Zero);

    public static IEnumerable<SwarmTask> Make(int count)
    {
        var random = new Random(1);
        string[] nodes = [.. Enumerable.Range(0, Nodes).Select(_ => Ids.New(random))];
        string[] services = [.. Enumerable.Range(0, (count / PerService) + 1).Select(_ => Ids.New(random))];
        for (var i = 0; i < count; i++)
        {
            var (service, slot) = (i / PerService, (ulong)(i % PerService) + 1);
            var id = Ids.New(random);
            yield return new SwarmTask
            {
                Id = id,
                ServiceId = services[service],
                ServiceName = $"service-{service}",
                Name = $"service-{service}.{slot}.{id}",
                Slot = slot,
                NodeId = nodes[random.Next(Nodes)],
                DesiredState = TaskState.Running,
                SpecVersion = service,
                Spec = new TaskSpec
                {
                    Container = new ContainerSpec { Image = "busybox:latest", Args = ["sleep", "infinity"], Env = [$"SERVICE={service}"], StopSignal = "SIGKILL" },
                    Limits = new Resources { NanoCpus = 100_000_000, MemoryBytes = 1 << 26 },
                },
                Status = new TaskStatus
                {
                    State = TaskState.Running,
                    Timestamp = Time.AddSeconds(i),
                    Message = "started",
                    Container = new ContainerStatus { ContainerId = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray()) + Convert.ToHexStringLower(Guid.NewGuid().ToByteArray()), Pid = i },
                },
            };
        }
    }

    /// <summary>As many transactions as it takes, each as large as one may be.</summary>
    public static IEnumerable<StoreTransaction> Creating(IEnumerable<SwarmTask> tasks)
    {
        foreach (var chunk in tasks.Chunk(StoreTransaction.MaxChanges))
        {
            var transaction = new StoreTransaction();
            foreach (var task in chunk)
            {
                transaction.Create(task);
            }

            yield return transaction;
        }
    }
}

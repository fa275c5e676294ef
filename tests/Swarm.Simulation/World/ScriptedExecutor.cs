using Swarm.Agent;
using Swarm.Model;

namespace Swarm.Simulation.World;

/// <summary>A machine's containers by a script: they take time, fail now and then, and outlive the daemon but not the machine.</summary>
public sealed class ScriptedExecutor(SimulatedCluster world, string nodeId) : ITaskExecutor
{
    private readonly SortedDictionary<string, Box> _boxes = new(StringComparer.Ordinal);

    public IEnumerable<string> Running => _boxes.Where(one => one.Value.IsRunning).Select(one => one.Key);

    public IEnumerable<string> All => _boxes.Keys;

    /// <summary>The machine loses power: what ran runs no more, and nobody saw how it ended.</summary>
    /// <param name="forgets">That a container was started was not on the disk yet.</param>
    public void PowerCut(bool forgets)
    {
        foreach (var box in _boxes.Values)
        {
            box.IsRunning = false;
            box.WasStarted &= !forgets;
            box.Ended = new TaskCompletionSource<TaskExit>();
        }
    }

    public void Kill(string taskId, int exitCode)
    {
        if (_boxes.TryGetValue(taskId, out var box))
        {
            End(taskId, box, exitCode);
        }
    }

    public Task<NodeDescription> DescribeAsync(CancellationToken cancellation) => Task.FromResult(new NodeDescription
    {
        Hostname = nodeId,
        Platform = new Platform { Architecture = "x86_64", Os = "linux" },
        Resources = new Resources { NanoCpus = 4_000_000_000, MemoryBytes = 8L << 30 },
    });

    public async Task PrepareAsync(SwarmTask task, TaskSecrets secrets, Action<string> progress, CancellationToken cancellation)
    {
        if (task.Spec.Container.Secrets.Any(one => !secrets.Secrets.ContainsKey(one.Id)))
        {
            throw new InvalidOperationException($"task {task.Id} is prepared without its secrets");
        }

        progress("pulling");
        await SpendAsync(5, world.Random.Next(10) == 0 ? 3000 : 200, cancellation);
        if (task.Spec.Container.Image.Contains("missing", StringComparison.Ordinal) || Fails(50))
        {
            throw new TaskRejectedException($"No such image: {task.Spec.Container.Image}");
        }

        _boxes.TryAdd(task.Id, new Box(task));
    }

    public async Task<ContainerStatus> StartAsync(SwarmTask task, CancellationToken cancellation)
    {
        var box = _boxes[task.Id];
        if (box.IsRunning)
        {
            return Status(task.Id, 0);
        }

        world.Checks.OnStart(nodeId, task, box.WasStarted);
        box.WasStarted = true;
        box.IsRunning = true;
        await SpendAsync(2, 100, cancellation);
        if (Fails(50))
        {
            throw new TaskFailedException("unhealthy container");
        }

        return Status(task.Id, 0);
    }

    public Task BecomeHealthyAsync(SwarmTask task, CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>A job's container ends by itself after a while, sometimes in vain.</summary>
    public async Task<TaskExit> WaitAsync(SwarmTask task, CancellationToken cancellation)
    {
        var box = _boxes[task.Id];
        if (task.JobIteration is not null && box.IsRunning)
        {
            await SpendAsync(20, 3000, cancellation);
            End(task.Id, box, Fails(4) ? 1 : 0);
        }

        return await box.Ended.Task.WaitAsync(cancellation);
    }

    public async Task<ContainerStatus?> StopAsync(SwarmTask task, CancellationToken cancellation)
    {
        if (!_boxes.TryGetValue(task.Id, out var box) || !box.IsRunning)
        {
            return null;
        }

        await SpendAsync(5, world.Random.Next(10) == 0 ? 5000 : 200, cancellation);
        if (Fails(20))
        {
            throw new IOException("the runtime did not answer");
        }

        End(task.Id, box, 143);
        return Status(task.Id, 143);
    }

    public async Task RemoveAsync(string taskId, CancellationToken cancellation)
    {
        if (_boxes.TryGetValue(taskId, out var box) && box.IsRunning)
        {
            throw new InvalidOperationException($"task {taskId} is removed while it runs");
        }

        await SpendAsync(1, 50, cancellation);
        _boxes.Remove(taskId);
    }

    public Task<IReadOnlyList<FoundTask>> ListAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<FoundTask>>(
    [
        .. _boxes.Select(one => new FoundTask(
            one.Key, one.Value.IsRunning, Status(one.Key, 0), one.Value.Ended.Task.IsCompleted ? one.Value.Ended.Task.Result : null)),
    ]);

    /// <summary>The service and slot of each running container.</summary>
    internal IEnumerable<SwarmTask> RunningTasks => _boxes.Values.Where(box => box.IsRunning).Select(box => box.Task);

    private static void End(string id, Box box, int exitCode)
    {
        if (box.IsRunning)
        {
            box.IsRunning = false;
            box.Ended.TrySetResult(new TaskExit(Status(id, exitCode), ""));
        }
    }

    private static ContainerStatus Status(string id, int exitCode) => new() { ContainerId = "c-" + id, ExitCode = exitCode };

    private bool Fails(int oneIn) => world.IsFaulty && world.Random.Next(oneIn) == 0;

    private Task SpendAsync(int min, int max, CancellationToken cancellation) =>
        Task.Delay(TimeSpan.FromMilliseconds(world.Random.Next(min, max)), world.Time, cancellation);

    private sealed class Box(SwarmTask task)
    {
        internal SwarmTask Task { get; } = task;

        internal bool WasStarted { get; set; }

        internal bool IsRunning { get; set; }

        internal TaskCompletionSource<TaskExit> Ended { get; set; } = new();
    }
}

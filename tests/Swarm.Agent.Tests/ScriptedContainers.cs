using Swarm.Model;

namespace Swarm.Agent.Tests;

/// <summary>A node's containers, which do at once what they are told unless the test holds them. They outlive the agent.</summary>
internal sealed class ScriptedContainers : ITaskExecutor
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, Box> _boxes = new(StringComparer.Ordinal);
    private readonly List<string> _calls = [];

    /// <summary>Images that no registry has.</summary>
    public HashSet<string> Missing { get; } = [];

    /// <summary>While set, preparing waits for it.</summary>
    public TaskCompletionSource? Pulls { get; set; }

    /// <summary>While set, containers with a healthcheck wait for it to be healthy.</summary>
    public TaskCompletionSource? Health { get; set; }

    /// <summary>So many stops fail before one works.</summary>
    public int FailingStops { get; set; }

    /// <summary>"prepare t1", "start t1", "stop t1", "remove t1", in order.</summary>
    public IReadOnlyList<string> Calls
    {
        get
        {
            lock (_lock)
            {
                return [.. _calls];
            }
        }
    }

    /// <summary>Most preparations under way at once.</summary>
    public int MostPreparing { get; private set; }

    public IReadOnlyList<string> Running
    {
        get
        {
            lock (_lock)
            {
                return [.. _boxes.Where(one => one.Value.Runs).Select(one => one.Key)];
            }
        }
    }

    public IReadOnlyList<string> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _boxes.Keys];
            }
        }
    }

    /// <summary>What the last preparation of the task was given.</summary>
    public (SwarmTask Task, TaskSecrets Secrets) GivenTo(string task) => _boxes[task].Given;

    /// <summary>The container is there, whoever made it.</summary>
    public void Have(string task, bool running) => _boxes[task] = new Box { Runs = running };

    public void End(string task, int exitCode)
    {
        lock (_lock)
        {
            var box = _boxes[task];
            box.Runs = false;
            box.Ended.TrySetResult(new TaskExit(new ContainerStatus { ContainerId = "c-" + task, ExitCode = exitCode }, ""));
        }
    }

    /// <summary>Power is lost: nothing runs, and nobody saw how it ended.</summary>
    public void PowerCut()
    {
        foreach (var box in _boxes.Values)
        {
            box.Runs = false;
        }
    }

    public Task<NodeDescription> DescribeAsync(CancellationToken cancellation) => Task.FromResult(new NodeDescription { Hostname = "n1" });

    public async Task PrepareAsync(SwarmTask task, TaskSecrets secrets, Action<string> progress, CancellationToken cancellation)
    {
        Say("prepare", task.Id);
        Task pulled;
        lock (_lock)
        {
            _preparing++;
            MostPreparing = Math.Max(MostPreparing, _preparing);
            pulled = Pulls?.Task ?? Task.CompletedTask;
        }

        try
        {
            progress("pulling");
            await pulled.WaitAsync(cancellation);
        }
        finally
        {
            lock (_lock)
            {
                _preparing--;
            }
        }

        if (Missing.Contains(task.Spec.Container.Image))
        {
            throw new TaskRejectedException($"No such image: {task.Spec.Container.Image}");
        }

        lock (_lock)
        {
            _boxes.TryAdd(task.Id, new Box());
            _boxes[task.Id].Given = (task, secrets);
        }
    }

    public Task<ContainerStatus> StartAsync(SwarmTask task, CancellationToken cancellation)
    {
        Say("start", task.Id);
        lock (_lock)
        {
            _boxes[task.Id].Runs = true;
        }

        return Task.FromResult(new ContainerStatus { ContainerId = "c-" + task.Id });
    }

    public async Task BecomeHealthyAsync(SwarmTask task, CancellationToken cancellation)
    {
        if (task.Spec.Container.Healthcheck is not null && Health is { } health)
        {
            await health.Task.WaitAsync(cancellation);
        }
    }

    public Task<TaskExit> WaitAsync(SwarmTask task, CancellationToken cancellation) => _boxes[task.Id].Ended.Task.WaitAsync(cancellation);

    public Task<ContainerStatus?> StopAsync(SwarmTask task, CancellationToken cancellation)
    {
        Say("stop", task.Id);
        if (FailingStops-- > 0)
        {
            throw new IOException("the runtime did not answer");
        }

        if (!_boxes.TryGetValue(task.Id, out var box))
        {
            return Task.FromResult<ContainerStatus?>(null);
        }

        End(task.Id, 143);
        return Task.FromResult<ContainerStatus?>(box.Ended.Task.Result.Container);
    }

    public Task RemoveAsync(string taskId, CancellationToken cancellation)
    {
        Say("remove", taskId);
        lock (_lock)
        {
            _boxes.Remove(taskId);
        }

        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<FoundTask>> ListAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyList<FoundTask>>(
            [
                .. _boxes.Select(one => new FoundTask(
                    one.Key, one.Value.Runs, new ContainerStatus { ContainerId = "c-" + one.Key }, one.Value.Ended.Task.IsCompleted ? one.Value.Ended.Task.Result : null)),
            ]);
        }
    }

    private void Say(string what, string task)
    {
        lock (_lock)
        {
            _calls.Add($"{what} {task}");
        }
    }

    private int _preparing;

    private sealed class Box
    {
        internal bool Runs { get; set; }

        internal (SwarmTask Task, TaskSecrets Secrets) Given { get; set; }

        internal TaskCompletionSource<TaskExit> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

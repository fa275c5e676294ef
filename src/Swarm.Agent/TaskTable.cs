using Microsoft.Extensions.Logging;
using Swarm.Model;
using Swarm.Rpc.Dispatch;

namespace Swarm.Agent;

/// <summary>The node's tasks and their workers. Assignments are applied by one flow at a time, the session's.</summary>
internal sealed partial class TaskTable(TaskWorkerContext context, ILogger logger)
{
    private readonly Lock _lock = new();
    private readonly Lock _applying = new();
    private readonly Dictionary<string, TaskWorker> _workers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Task> _runs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FoundTask> _found = new(StringComparer.Ordinal);
    private readonly ILogger _logger = logger;
    private bool _leaving;

    /// <summary>Takes up what the journal and the node hold, before any manager answers.</summary>
    internal async Task AdoptAsync(CancellationToken daemon)
    {
        foreach (var found in await context.Executor.ListAsync(daemon))
        {
            _found[found.TaskId] = found;
        }

        foreach (var task in context.Journal.Load())
        {
            Begin(task, daemon);
        }
    }

    /// <summary>Keeps the assignments durably, then acts on them.</summary>
    internal void Apply(Assignments assignments, CancellationToken daemon)
    {
        lock (_applying)
        {
            if (!_leaving)
            {
                ApplyLocked(assignments, daemon);
            }
        }
    }

    /// <summary>Stops and removes every task: the node leaves the cluster, and takes no more.</summary>
    internal async Task RemoveAllAsync(CancellationToken daemon)
    {
        lock (_applying)
        {
            _leaving = true;
            foreach (var id in Known())
            {
                Forget(id, daemon);
            }
        }

        await DrainAsync();
    }

    private void ApplyLocked(Assignments assignments, CancellationToken daemon)
    {
        context.Secrets.Apply(assignments);
        var kept = assignments.Tasks.Select(Merge).ToList();
        context.Journal.Append(kept, [], durable: true);
        foreach (var task in kept)
        {
            if (Find(task.Id) is { } worker)
            {
                worker.Desire(task.DesiredState);
            }
            else
            {
                Begin(task, daemon);
            }
        }

        var named = assignments.Tasks.Select(task => task.Id).ToHashSet(StringComparer.Ordinal);
        IEnumerable<string> gone = assignments.RemovedTasks;
        if (assignments.Complete)
        {
            gone = Known().Where(id => !named.Contains(id));
        }

        foreach (var id in gone.ToList())
        {
            Forget(id, daemon);
        }
    }

    /// <summary>Completes when no worker runs any more.</summary>
    internal async Task DrainAsync()
    {
        Task[] runs;
        lock (_lock)
        {
            runs = [.. _runs.Values];
        }

        await Task.WhenAll(runs);
    }

    /// <summary>The task as assigned, with the agent's own status where that is further.</summary>
    private SwarmTask Merge(SwarmTask assigned)
    {
        var mine = Find(assigned.Id)?.Task.Status;
        return mine is not null && mine.State >= assigned.Status.State ? assigned with { Status = mine } : Assumed(assigned);
    }

    /// <summary>A task that the managers hold for ended, or that this agent has no journal of, must not be run from the start if it ran before.</summary>
    private static SwarmTask Assumed(SwarmTask assigned) =>
        assigned.Status.State.IsTerminal() && assigned.DesiredState <= TaskState.Running ? assigned with { DesiredState = TaskState.Shutdown } : assigned;

    private void Begin(SwarmTask task, CancellationToken daemon)
    {
        _found.Remove(task.Id, out var found);
        var worker = new TaskWorker(task, found, context);
        lock (_lock)
        {
            _workers[task.Id] = worker;
            _runs[task.Id] = RunAsync(task.Id, worker, daemon);
        }
    }

    private async Task RunAsync(string id, TaskWorker worker, CancellationToken daemon)
    {
        // Off the session's flow, which must not wait for an executor's first step.
        await Task.Yield();
        try
        {
            await worker.RunAsync(daemon);
            lock (_lock)
            {
                _workers.Remove(id);
                _runs.Remove(id);
            }

            context.Reporter.Forget(id);
        }
        catch (Exception) when (daemon.IsCancellationRequested)
        {
            // Whatever was under way is found again by the next daemon.
        }
        catch (Exception error)
        {
            LogWorkerFailed(id, error);
        }
    }

    private void Forget(string id, CancellationToken daemon)
    {
        if (Find(id) is null)
        {
            if (!_found.ContainsKey(id))
            {
                return;
            }

            // Something that nobody knows: it is known just long enough to be removed.
            LogUnknown(id);
            Begin(new SwarmTask { Id = id, DesiredState = TaskState.Remove, Status = new() { State = TaskState.Shutdown } }, daemon);
        }

        Find(id)?.Forget();
    }

    private TaskWorker? Find(string id)
    {
        lock (_lock)
        {
            return _workers.GetValueOrDefault(id);
        }
    }

    private IEnumerable<string> Known()
    {
        lock (_lock)
        {
            return [.. _workers.Keys.Concat(_found.Keys).Order(StringComparer.Ordinal)];
        }
    }
}

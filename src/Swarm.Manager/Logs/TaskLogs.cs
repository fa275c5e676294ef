using System.Runtime.CompilerServices;
using Swarm.Model;
using Swarm.Rpc.Work;
using Swarm.Store;

namespace Swarm.Manager.Logs;

/// <summary>
/// The logs of a service's tasks, or of one, from all their nodes. What was written before comes in the order of its time; what is written later as it
/// arrives. A node that does not answer is left out and named.
/// </summary>
public sealed class TaskLogs(IObjectStore store, INodeWorkClient client, TimeProvider time)
{
    /// <summary>Every task of a service, also those that come while it is followed.</summary>
    /// <param name="missing">Gets what could not be read.</param>
    public IAsyncEnumerable<TaskLogLine> OfServiceAsync(string serviceId, TaskLogOptions options, Action<string> missing, CancellationToken cancellation) =>
        ReadAsync(new LogSelection(view => view.TasksOfService(serviceId), task => task.ServiceId == serviceId, view => view.Services.Find(serviceId) is null), options, missing, cancellation);

    /// <inheritdoc cref="OfServiceAsync"/>
    public IAsyncEnumerable<TaskLogLine> OfTaskAsync(string taskId, TaskLogOptions options, Action<string> missing, CancellationToken cancellation) =>
        ReadAsync(
            new LogSelection(view => view.Tasks.Find(taskId) is { } task ? [task] : [], task => task.Id == taskId, view => view.Tasks.Find(taskId) is not { } task || task.Status.State.IsTerminal()),
            options,
            missing,
            cancellation);

    private async IAsyncEnumerable<TaskLogLine> ReadAsync(
        LogSelection selection, TaskLogOptions options, Action<string> missing, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var watch = options.Follow ? store.Watch() : null;
        var pumps = new List<LogPump>();
        var runs = new List<Task>();
        LogFollower? follower = null;
        try
        {
            foreach (var task in selection.All(watch?.Start ?? await store.ReadAsync(cancellation)).Where(LogSelection.HasLog))
            {
                pumps.Add(Start(task));
            }

            var heads = new PriorityQueue<LogPump, (long Ticks, int Order)>();
            for (var order = 0; order < pumps.Count; order++)
            {
                if (await pumps[order].NextAsync(cancellation))
                {
                    heads.Enqueue(pumps[order], (pumps[order].Current.Ticks, order));
                }
            }

            while (heads.TryDequeue(out var pump, out var at))
            {
                yield return LineOf(pump.Task, pump.Current);
                if (await pump.NextAsync(cancellation))
                {
                    heads.Enqueue(pump, (pump.Current.Ticks, at.Order));
                }
            }

            if (watch is not null)
            {
                follower = new LogFollower(selection, store, watch, Start);
                await foreach (var (pump, batch) in follower.ReadAsync(pumps, stop.Token))
                {
                    ReadOnlyMemory<byte> lines = batch.Lines;
                    while (LogLines.TryRead(ref lines, out var line))
                    {
                        yield return LineOf(pump.Task, line);
                    }
                }
            }
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(runs).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        foreach (var pump in pumps.Where(pump => pump.Failure is not null))
        {
            missing($"task {pump.Task.Name}: {pump.Failure}");
        }

        LogPump Start(SwarmTask task)
        {
            var pump = new LogPump(task, options, store, client, time);
            lock (runs)
            {
                runs.Add(pump.RunAsync(stop.Token));
            }

            return pump;
        }
    }

    private static TaskLogLine LineOf(SwarmTask task, in WorkLogLine line) => new(task, line.IsStderr, line.TimeText, line.Text);
}

/// <summary>Whose logs are wanted.</summary>
/// <param name="IsOver">No more will come.</param>
internal sealed record LogSelection(Func<StoreView, IEnumerable<SwarmTask>> All, Func<SwarmTask, bool> Has, Func<StoreView, bool> IsOver)
{
    /// <summary>It was started on a node that may still have what it wrote.</summary>
    internal static bool HasLog(SwarmTask task) =>
        task.Status.State is >= TaskState.Starting and not TaskState.Orphaned && task.DesiredState != TaskState.Remove
        && (!task.Status.State.IsTerminal() || task.Status.Container is not null);
}

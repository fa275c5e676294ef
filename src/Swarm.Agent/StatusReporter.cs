using System.Threading.Channels;
using Swarm.Model;
using Swarm.Rpc.Dispatch;

namespace Swarm.Agent;

/// <summary>The statuses that the managers have not acknowledged, the latest of each task. While one report is under way the next gathers.</summary>
internal sealed class StatusReporter(IAgentJournal journal)
{
    /// <summary>Statuses in one report.</summary>
    private const int MaxReport = 512;

    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, SwarmTask> _pending = new(StringComparer.Ordinal);
    private readonly Channel<bool> _raised = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <param name="task">With the agent's own status.</param>
    internal void Report(SwarmTask task)
    {
        lock (_lock)
        {
            _pending[task.Id] = task;
        }

        _raised.Writer.TryWrite(true);
    }

    internal void Forget(string taskId)
    {
        lock (_lock)
        {
            _pending.Remove(taskId);
        }
    }

    /// <summary>Sends until cancelled or a call fails; what was not acknowledged is sent in the next session.</summary>
    internal async Task RunAsync(IDispatcherClient client, string sessionId, CancellationToken cancellation)
    {
        while (true)
        {
            var tasks = Take();
            if (tasks.Length == 0)
            {
                await _raised.Reader.WaitToReadAsync(cancellation);
                _raised.Reader.TryRead(out _);
                continue;
            }

            // An end that the managers know of must never be started again by an agent that forgot it.
            journal.Append([.. tasks.Where(task => task.Status.State.IsTerminal())], [], durable: true);
            var updates = tasks.Select(task => new TaskStatusUpdate { TaskId = task.Id, Status = task.Status });
            await client.UpdateTaskStatusAsync(new UpdateTaskStatusRequest { SessionId = sessionId, Updates = [.. updates] }, cancellation);
            Acknowledge(tasks);
        }
    }

    private SwarmTask[] Take()
    {
        lock (_lock)
        {
            return [.. _pending.Values.Take(MaxReport)];
        }
    }

    private void Acknowledge(SwarmTask[] sent)
    {
        lock (_lock)
        {
            foreach (var task in sent)
            {
                if (_pending.TryGetValue(task.Id, out var latest) && ReferenceEquals(latest, task))
                {
                    _pending.Remove(task.Id);
                }
            }
        }
    }
}

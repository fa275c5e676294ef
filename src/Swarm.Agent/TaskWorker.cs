using Microsoft.Extensions.Logging;
using Swarm.Model;
using TaskStatus = Swarm.Model.TaskStatus;

namespace Swarm.Agent;

/// <summary>
/// Takes one task through its life: Accepted, Preparing, Ready, Starting, Running and its end. What it is told (start, stop, forget) only ever goes
/// forward. A cancelled daemon leaves the container as it is: the next daemon's worker adopts it.
/// </summary>
internal sealed partial class TaskWorker
{
    private readonly TaskWorkerContext _context;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Latch _start = new();
    private readonly Latch _forget = new();
    private FoundTask? _found;
    private volatile SwarmTask _task;

    /// <param name="task">As assigned, with the status that this agent knows of.</param>
    /// <param name="found">What the node had of it already.</param>
    internal TaskWorker(SwarmTask task, FoundTask? found, TaskWorkerContext context)
    {
        (_task, _found, _context, _logger) = (task, found, context, context.Logger);
        Desire(task.DesiredState);
    }

    /// <summary>The task with this agent's status.</summary>
    internal SwarmTask Task => _task;

    internal void Desire(TaskState desired)
    {
        if (desired > TaskState.Running)
        {
            _stop.Cancel();
        }
        else if (desired == TaskState.Running)
        {
            _start.Open();
        }
    }

    /// <summary>Stop, and remove all that the node has of the task.</summary>
    internal void Forget()
    {
        _stop.Cancel();
        _forget.Open();
    }

    /// <summary>Completes when the task was forgotten and nothing of it is left.</summary>
    internal async Task RunAsync(CancellationToken daemon)
    {
        if (_task.Status.State.IsTerminal())
        {
            await StopContainerAsync(daemon);

            // An earlier daemon may have died between keeping the end and telling it.
            _context.Reporter.Report(_task);
        }
        else
        {
            await LiveAndEndAsync(daemon);
        }

        await _forget.WaitAsync(daemon);
        await RemoveAsync(daemon);
    }

    private async Task LiveAndEndAsync(CancellationToken daemon)
    {
        using var wanted = CancellationTokenSource.CreateLinkedTokenSource(daemon, _stop.Token);
        try
        {
            await LiveAsync(wanted.Token);
        }
        catch (OperationCanceledException) when (wanted.IsCancellationRequested)
        {
            daemon.ThrowIfCancellationRequested();

            // Off the flow that cancelled: it has other tasks to tell.
            await System.Threading.Tasks.Task.Yield();
            Report(TaskState.Shutdown, "shutdown", container: await StopContainerAsync(daemon));
        }
        catch (Exception error) when (error is not OperationCanceledException || !daemon.IsCancellationRequested)
        {
            // A container that did not become healthy may still run.
            var ended = await StopContainerAsync(daemon);
            var failed = _task.Status.State >= TaskState.Starting && error is not TaskRejectedException;
            LogFailed(_task.Id, error);
            Report(
                failed ? TaskState.Failed : TaskState.Rejected,
                _task.Status.Message,
                error.Message,
                ended ?? (error as TaskFailedException)?.Container,
                error is TaskFailedException { Unseen: true });
        }
    }

    private async Task LiveAsync(CancellationToken cancellation)
    {
        var found = _found;
        _found = null;
        if (found is { Exit: null, Running: false } or null && _task.Status.State >= TaskState.Starting)
        {
            throw new TaskFailedException("the node restarted while the task ran") { Unseen = true };
        }

        if (found is { Running: true } or { Exit: not null })
        {
            // Its end is told by WaitAsync, at once if it is over.
            Report(TaskState.Running, "started", container: found.Container ?? found.Exit?.Container);
        }
        else
        {
            await PrepareAndStartAsync(cancellation);
        }

        var exit = await _context.Executor.WaitAsync(_task, cancellation);
        Report(
            exit.Succeeded ? TaskState.Complete : TaskState.Failed,
            exit.Succeeded ? "finished" : "started",
            exit.Succeeded ? "" : exit.Error.Length > 0 ? exit.Error : $"task: non-zero exit ({exit.Container.ExitCode})",
            exit.Container,
            exit.Unseen);
    }

    private async Task PrepareAndStartAsync(CancellationToken cancellation)
    {
        Report(TaskState.Accepted, "accepted");
        var secrets = await _context.Secrets.ForAsync(_task, cancellation);
        foreach (var place in _task.Networks)
        {
            await _context.Networks.UntilMadeAsync(place.NetworkId, _task.Id, text => Report(TaskState.Preparing, text), cancellation);
        }

        using (await _context.Prepares.EnterAsync(cancellation))
        {
            Report(TaskState.Preparing, "preparing");
            await _context.Executor.PrepareAsync(_task, secrets, text => Report(TaskState.Preparing, text), cancellation);
        }

        Report(TaskState.Ready, "prepared");
        await _start.WaitAsync(cancellation);
        ContainerStatus container;
        using (await _context.Starts.EnterAsync(cancellation))
        {
            // Written before the start, so that a next daemon never starts it a second time.
            Report(TaskState.Starting, "starting");
            _context.Journal.Append([_task], [], durable: false);
            container = await _context.Executor.StartAsync(_task, cancellation);
        }

        // Others start meanwhile: a first check may be a minute away.
        await _context.Executor.BecomeHealthyAsync(_task, cancellation);
        Report(TaskState.Running, "started", container: container);
    }

    private async Task<ContainerStatus?> StopContainerAsync(CancellationToken daemon)
    {
        ContainerStatus? ended = null;
        await InsistAsync("stop", async () => ended = await _context.Executor.StopAsync(_task, daemon), daemon);
        return ended;
    }

    private async Task RemoveAsync(CancellationToken daemon)
    {
        await InsistAsync("remove", async () =>
        {
            using var place = await _context.Removes.EnterAsync(daemon);
            await _context.Executor.RemoveAsync(_task.Id, daemon);
        }, daemon);
        _context.Journal.Append([], [_task.Id], durable: false);
    }

    /// <summary>Stopping and removing have no alternative: they are tried until they succeed, ever more slowly.</summary>
    private async Task InsistAsync(string what, Func<Task> act, CancellationToken daemon)
    {
        for (var wait = TaskWorkerContext.FirstRetry; ; wait = wait * 2 < TaskWorkerContext.MaxRetry ? wait * 2 : TaskWorkerContext.MaxRetry)
        {
            try
            {
                await act();
                return;
            }
            catch (Exception error) when (!daemon.IsCancellationRequested)
            {
                LogInsisting(what, _task.Id, error);
                await System.Threading.Tasks.Task.Delay(wait, _context.Time, daemon);
            }
        }
    }

    private void Report(TaskState state, string message, string error = "", ContainerStatus? container = null, bool endUnseen = false)
    {
        var before = _task.Status;
        if (state < before.State)
        {
            return;
        }

        _task = _task with
        {
            Status = new TaskStatus
            {
                State = state,
                Timestamp = _context.Time.GetUtcNow(),
                Message = message,
                Error = error,
                Container = container ?? before.Container,
                HostPorts = state == TaskState.Running ? _context.Executor.PortsOf(_task) : before.HostPorts,
                EndUnseen = endUnseen,
            },
        };
        _context.Reporter.Report(_task);
    }
}

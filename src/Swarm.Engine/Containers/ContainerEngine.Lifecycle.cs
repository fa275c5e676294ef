using System.Globalization;
using System.Net.Sockets;
using Swarm.Engine.Shim;

namespace Swarm.Engine.Containers;

public sealed partial class ContainerEngine
{
    private static readonly TimeSpan DefaultStopTimeout = TimeSpan.FromSeconds(10), KillTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Starts a container; false if it runs already.</summary>
    /// <exception cref="EngineException">400, 409, 500 with Docker's text; State has the exit code 126, 127 or 128.</exception>
    public Task<bool> StartAsync(Container container, CancellationToken cancellation) => container.Mailbox.RunAsync(async () =>
    {
        container.RestartDelay?.Cancel();
        if (container.State.Status == ContainerStatus.Paused)
        {
            throw EngineException.Conflict("cannot start a paused container, try unpause instead");
        }

        if (container.State.IsRunning)
        {
            return false;
        }

        await RunOnceAsync(container, restartCount: 0, cancellation).ConfigureAwait(false);
        return true;
    });

    /// <summary>Stop signal, grace period, kill. False if it does not run.</summary>
    /// <param name="seconds">Null: the container's own; negative: wait for ever.</param>
    /// <param name="signal">Empty: the container's own.</param>
    public async Task<bool> StopAsync(Container container, int? seconds, string signal, CancellationToken cancellation)
    {
        var number = Signals.Parse(signal, Signals.Parse(container.Record.Config.StopSignal, Signals.Terminate));
        var exit = await SignalToEndAsync(container, number, cancellation).ConfigureAwait(false);
        if (exit is null)
        {
            return false;
        }

        var grace = (seconds ?? container.Record.Config.StopTimeout) is { } given ? TimeSpan.FromSeconds(given) : DefaultStopTimeout;
        if (grace < TimeSpan.Zero)
        {
            await exit.WaitAsync(cancellation).ConfigureAwait(false);
        }
        else
        {
            await EndWithinAsync(container, exit, grace, cancellation).ConfigureAwait(false);
        }

        Publish(container, "stop");
        return true;
    }

    /// <exception cref="EngineException">409: it does not run; 400: no such signal.</exception>
    public Task KillAsync(Container container, string signal, CancellationToken cancellation)
    {
        var number = Signals.Parse(signal, Signals.Kill);
        var stops = number == Signals.Kill || number == Signals.Parse(container.Record.Config.StopSignal, Signals.Terminate);
        return container.Mailbox.RunAsync(async () =>
        {
            if (!container.State.IsRunning)
            {
                throw EngineException.Conflict($"cannot kill container: {container.Record.Name}: container {container.Id} is not running");
            }

            if (stops)
            {
                SaveState(container, container.State with { StoppedByUser = true });
            }

            await SendSignalAsync(container, number, cancellation).ConfigureAwait(false);
        });
    }

    public async Task RestartAsync(Container container, int? seconds, string signal, CancellationToken cancellation)
    {
        await StopAsync(container, seconds, signal, cancellation).ConfigureAwait(false);
        await StartAsync(container, cancellation).ConfigureAwait(false);
        Publish(container, "restart");
    }

    public Task PauseAsync(Container container, CancellationToken cancellation) => container.Mailbox.RunAsync(async () =>
    {
        if (container.State.Status != ContainerStatus.Running)
        {
            throw EngineException.Conflict(container.State.Status == ContainerStatus.Paused
                ? $"container {container.Record.Name} is already paused"
                : $"container {container.Id} is not running");
        }

        await _runtime.PauseAsync(container.Id, cancellation).ConfigureAwait(false);
        EndHealthChecks(container);
        SaveState(container, container.State with { Status = ContainerStatus.Paused });
        Publish(container, "pause");
    });

    /// <summary>Freezes a running container until the answer is disposed, without calling it paused.</summary>
    public async Task<IAsyncDisposable> FreezeAsync(Container container, bool wanted, CancellationToken cancellation)
    {
        var frozen = wanted && await container.Mailbox.RunAsync(async () =>
        {
            if (container.State.Status != ContainerStatus.Running)
            {
                return false;
            }

            await _runtime.PauseAsync(container.Id, cancellation).ConfigureAwait(false);
            return true;
        }).ConfigureAwait(false);
        return new Thaw(frozen ? () => container.Mailbox.RunAsync(() => container.State.Status == ContainerStatus.Running
            ? _runtime.ResumeAsync(container.Id, CancellationToken.None)
            : Task.CompletedTask) : static () => Task.CompletedTask);
    }

    public Task UnpauseAsync(Container container, CancellationToken cancellation) => container.Mailbox.RunAsync(async () =>
    {
        if (container.State.Status != ContainerStatus.Paused)
        {
            throw EngineException.Conflict($"Container {container.Id} is not paused");
        }

        await ResumeAsync(container, cancellation).ConfigureAwait(false);
    });

    public Task RenameAsync(Container container, string newName) => container.Mailbox.RunAsync(() =>
    {
        if (newName.Length == 0)
        {
            throw EngineException.BadRequest("Neither old nor new names may be empty");
        }

        var name = ContainerNames.Check(newName);
        var old = container.Record.Name;
        if (name == old)
        {
            throw EngineException.BadRequest("Renaming a container with the same name as its current name");
        }

        _index.Reserve(name, container.Id);
        var renamed = container.Record with { Name = name };
        _store.Save(renamed);
        container.Record = renamed;
        _index.Release(old, container.Id);
        Publish(container, "rename", ("oldName", "/" + old));
        return Task.CompletedTask;
    });

    /// <summary>One run, from within the mailbox.</summary>
    private async Task RunOnceAsync(Container container, int restartCount, CancellationToken cancellation)
    {
        if (container.Removing)
        {
            throw EngineException.Conflict("container is marked for removal and cannot be started");
        }

        if (container.Run is { } last)
        {
            await last.Gone.ConfigureAwait(false);
        }

        ContainerRun run;
        int pid;
        try
        {
            // A client that leaves must not leave half a start behind.
            (run, pid) = await _starter.StartAsync(container, _ended.Token).ConfigureAwait(false);
        }
        catch (StartFailedException e)
        {
            await StartFailedAsync(container, e.Failure.ExitCode, e.Message).ConfigureAwait(false);
            throw new EngineException(e.Failure.Status, e.Message, e);
        }
        catch (EngineException e)
        {
            const int cannotStart = 128;
            await StartFailedAsync(container, cannotStart, e.Message).ConfigureAwait(false);
            throw;
        }

        container.Run = run;
        SaveState(container, new ContainerState
        {
            Status = ContainerStatus.Running,
            Pid = pid,
            StartedAt = _time.GetUtcNow(),
            FinishedAt = container.State.FinishedAt,
            RestartCount = restartCount,
        });
        PublishConnections(container, begins: true);
        Publish(container, "start");
        BeginHealthChecks(container, afresh: true);
        _ = MonitorAsync(container, run);
    }

    private async Task StartFailedAsync(Container container, int exitCode, string error)
    {
        SaveState(container, container.State with
        {
            Status = container.State.StartedAt is null ? ContainerStatus.Created : ContainerStatus.Exited,
            Pid = 0,
            ExitCode = exitCode,
            Error = error,
        });
        container.CompleteExit();
        if (container.Record.HostConfig.AutoRemove)
        {
            await RemoveNowAsync(container, removeVolumes: true).ConfigureAwait(false);
        }
    }

    /// <summary>Listens to a run's shim until it is gone.</summary>
    private async Task MonitorAsync(Container container, ContainerRun run)
    {
        ExitRecord? exit = null;
        try
        {
            while (await run.Control.ReadAsync(_ended.Token).ConfigureAwait(false) is { } frame)
            {
                if (frame.Kind == ShimFrameKind.Exited)
                {
                    exit = ExitRecord.Parse(frame.Payload.Span);
                    _ = HandleExitAsync(container, exit);
                }
            }
        }
        catch (OperationCanceledException)
        {
            return; // the daemon ends; the next one will listen
        }

        run.Control.Dispose();
        if (run.ShimPid > 0)
        {
            Linux.ChildProcess.Wait(run.ShimPid);
        }

        if (exit is null)
        {
            ShimLost(container.Id);
            await DeleteFromRuntimeAsync(container.Id).ConfigureAwait(false);
            run.CompleteGone();
            await HandleExitAsync(container, ReadExit(container.Id) ?? LostExit()).ConfigureAwait(false);
            return;
        }

        run.CompleteGone();
    }

    private async Task HandleExitAsync(Container container, ExitRecord exit)
    {
        try
        {
            await container.Mailbox.RunAsync(() => EndedAsync(container, exit)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is EngineException or IOException)
        {
            ExitNotHandled(e, container.Id);
        }
    }

    /// <summary>What follows the end of a run, from within the mailbox.</summary>
    private async Task EndedAsync(Container container, ExitRecord exit)
    {
        if (!container.State.IsRunning)
        {
            return;
        }

        EndHealthChecks(container);
        var ended = container.State with
        {
            Health = container.Health,
            Status = ContainerStatus.Exited,
            Pid = 0,
            ExitCode = exit.ExitCode,
            OomKilled = exit.OomKilled,
            FinishedAt = exit.FinishedAt,
        };
        if (exit.OomKilled)
        {
            Publish(container, "oom");
        }

        container.State = ended;
        PublishConnections(container, begins: false);
        container.Network = null;
        Publish(container, "die",
            ("exitCode", exit.ExitCode.ToString(CultureInfo.InvariantCulture)),
            ("execDuration", ((long)((ended.FinishedAt - ended.StartedAt)?.TotalSeconds ?? 0)).ToString(CultureInfo.InvariantCulture)));

        if (container.Record.HostConfig.AutoRemove)
        {
            // No state is written: after a crash the exit record of the shim says the same, and the removal follows from it.
            container.CompleteExit();
            await RemoveNowAsync(container, removeVolumes: true).ConfigureAwait(false);
            return;
        }

        await _starter.CleanUpAsync(container.Id, container.RootHolds > 0, CancellationToken.None).ConfigureAwait(false);
        var delay = RestartDecision.DelayOf(container.Record.HostConfig.RestartPolicy, ended);
        SaveState(container, delay is null ? ended : ended with { Status = ContainerStatus.Restarting });
        container.CompleteExit();
        if (delay is not null)
        {
            _ = RestartLaterAsync(container, delay.Value);
        }
    }

    private async Task RestartLaterAsync(Container container, TimeSpan delay)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
        container.RestartDelay = cancel;
        try
        {
            await Task.Delay(delay, _time, cancel.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        finally
        {
            container.RestartDelay = null;
        }

        try
        {
            await container.Mailbox.RunAsync(async () =>
            {
                if (container.State is { Status: ContainerStatus.Restarting, StoppedByUser: false })
                {
                    await RunOnceAsync(container, container.State.RestartCount + 1, _ended.Token).ConfigureAwait(false);
                }
            }).ConfigureAwait(false);
        }
        catch (EngineException e)
        {
            RestartFailed(e, container.Id);
        }
    }

    /// <summary>Sends a signal that is meant to end it. Null: it does not run. Otherwise the coming exit.</summary>
    private Task<Task<ContainerState>?> SignalToEndAsync(Container container, int signal, CancellationToken cancellation) =>
        container.Mailbox.RunAsync(async () =>
        {
            if (container.State.Status == ContainerStatus.Restarting)
            {
                container.RestartDelay?.Cancel();
                SaveState(container, container.State with { Status = ContainerStatus.Exited, StoppedByUser = true });
                return Task.FromResult(container.State);
            }

            if (!container.State.IsRunning)
            {
                return null;
            }

            var exit = container.NextExit;
            SaveState(container, container.State with { StoppedByUser = true });
            await SendSignalAsync(container, signal, cancellation).ConfigureAwait(false);
            return exit;
        });

    private async Task EndWithinAsync(Container container, Task<ContainerState> exit, TimeSpan grace, CancellationToken cancellation)
    {
        try
        {
            await exit.WaitAsync(grace, _time, cancellation).ConfigureAwait(false);
            return;
        }
        catch (TimeoutException)
        {
            GraceOver(container.Id, grace);
        }

        await SignalToEndAsync(container, Signals.Kill, cancellation).ConfigureAwait(false);
        try
        {
            await exit.WaitAsync(KillTimeout, _time, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            throw new EngineException(500, $"cannot stop container: {container.Record.Name}: tried to kill container, but did not receive an exit event", e);
        }
    }

    /// <summary>Through the shim, which is the parent: its pid cannot have been reused. A frozen process is thawed to hear it.</summary>
    private async Task SendSignalAsync(Container container, int signal, CancellationToken cancellation)
    {
        try
        {
            await container.Run!.Control.SendAsync(ShimFrameKind.Signal, new[] { (byte)signal }, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The shim is just ending, which its monitor handles.
            SignalAfterEnd(container.Id, signal);
        }

        Publish(container, "kill", ("signal", signal.ToString(CultureInfo.InvariantCulture)));
        if (container.State.Status == ContainerStatus.Paused)
        {
            await ResumeAsync(container, cancellation).ConfigureAwait(false);
        }
    }

    private async Task ResumeAsync(Container container, CancellationToken cancellation)
    {
        await _runtime.ResumeAsync(container.Id, cancellation).ConfigureAwait(false);
        SaveState(container, container.State with { Status = ContainerStatus.Running });
        BeginHealthChecks(container, afresh: false);
        Publish(container, "unpause");
    }

    private void SaveState(Container container, ContainerState state)
    {
        _store.Save(container.Id, state);
        container.State = state;
    }

    private ExitRecord? ReadExit(string id)
    {
        var file = _store.ExitFile(id);
        return File.Exists(file) ? ExitRecord.Parse(File.ReadAllBytes(file)) : null;
    }

    /// <summary>Nobody saw it end: the machine went down, or someone killed the shim.</summary>
    private ExitRecord LostExit() => new(255, 0, false, _time.GetUtcNow());

    private async Task DeleteFromRuntimeAsync(string id)
    {
        try
        {
            await _runtime.DeleteAsync(id, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is EngineException or IOException)
        {
            RuntimeDeleteFailed(e, id);
        }
    }
}

internal sealed class Thaw(Func<Task> thaw) : IAsyncDisposable
{
    public async ValueTask DisposeAsync() => await thaw().ConfigureAwait(false);
}

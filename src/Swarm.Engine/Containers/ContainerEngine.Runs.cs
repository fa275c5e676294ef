using System.Globalization;
using System.Net.Sockets;
using Swarm.Engine.Shim;
using Swarm.Linux;

namespace Swarm.Engine.Containers;

public sealed partial class ContainerEngine
{
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
        catch (Exception e) when (e is EngineException or IOException or UnauthorizedAccessException or SocketException)
        {
            const int cannotStart = 128;
            await StartFailedAsync(container, cannotStart, DiskFull.Text(e)).ConfigureAwait(false);
            if (e is EngineException)
            {
                throw;
            }

            throw new EngineException(500, $"cannot start container {container.Record.Name}: {DiskFull.Text(e)}", e);
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
        RefreshLinksTo(container);
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
            ChildProcess.Wait(run.ShimPid);
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
            EndUnseen = exit.Unseen,
            FinishedAt = exit.FinishedAt,
        };
        if (exit.OomKilled)
        {
            Publish(container, "oom");
        }

        container.State = ended;
        Publish(container, "die",
            ("exitCode", exit.ExitCode.ToString(CultureInfo.InvariantCulture)),
            ("execDuration", ((long)((ended.FinishedAt - ended.StartedAt)?.TotalSeconds ?? 0)).ToString(CultureInfo.InvariantCulture)));
        PublishConnections(container, begins: false);
        container.Network = null;

        if (container.Record.HostConfig.AutoRemove && !container.IsBeingRestarted)
        {
            // No state is written: after a crash the exit record of the shim says the same, and the removal follows from it.
            container.CompleteExit();
            await RemoveNowAsync(container, removeVolumes: true).ConfigureAwait(false);
            return;
        }

        await _starter.CleanUpAsync(container.Id, container.RootHolds > 0, CancellationToken.None).ConfigureAwait(false);
        var delay = RestartDecision.DelayOf(container.Record.HostConfig.RestartPolicy, ended, container.LastRestartDelay);
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
        container.LastRestartDelay = delay;
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

    private ExitRecord? ReadExit(string id)
    {
        var file = new[] { _store.ExitFile(id), Path.Combine(_starter.Bundle(id), ShimLoop.ExitName) }.FirstOrDefault(File.Exists);
        return file is null ? null : ExitRecord.Parse(File.ReadAllBytes(file));
    }

    /// <summary>Nobody saw it end: the machine went down, or someone killed the shim.</summary>
    private ExitRecord LostExit() => new(255, 0, false, _time.GetUtcNow()) { Unseen = true };

    private async Task DeleteFromRuntimeAsync(string id)
    {
        try
        {
            await _runtime.DeleteAsync(id, _index.Find(id)?.Record, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is EngineException or IOException)
        {
            RuntimeDeleteFailed(e, id);
        }
    }
}

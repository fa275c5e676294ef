using System.Globalization;
using System.Net.Sockets;
using Swarm.Engine.Shim;

namespace Swarm.Engine.Containers;

public sealed partial class ContainerEngine
{
    private static readonly TimeSpan DefaultStopTimeout = TimeSpan.FromSeconds(10), KillTimeout = TimeSpan.FromSeconds(10);

    /// <summary>No timer of .NET goes beyond 49 days; who waits longer waits for ever.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(49);

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

        container.LastRestartDelay = TimeSpan.Zero;
        await RunOnceAsync(container, restartCount: 0, cancellation).ConfigureAwait(false);
        return true;
    });

    /// <summary>Stop signal, grace period, kill. False if it does not run.</summary>
    /// <param name="seconds">Null: the container's own; negative, or longer than any timer: wait for ever.</param>
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
        if (grace < TimeSpan.Zero || grace > LongestTimer)
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

    /// <summary>Sends a signal; after SIGKILL it returns only when the container has ended, so that a client can remove it at once.</summary>
    /// <exception cref="EngineException">409: it does not run; 400: no such signal; 500: it does not end.</exception>
    /// <param name="asked">What the client calls the container.</param>
    public async Task KillAsync(Container container, string signal, string asked, CancellationToken cancellation)
    {
        var number = Signals.Parse(signal, Signals.Kill);
        var stops = number == Signals.Kill || number == Signals.Parse(container.Record.Config.StopSignal, Signals.Terminate);
        var exit = await container.Mailbox.RunAsync(async () =>
        {
            if (!container.State.IsRunning)
            {
                throw EngineException.Conflict($"cannot kill container: {asked}: container {container.Id} is not running");
            }

            if (stops)
            {
                SaveState(container, container.State with { StoppedByUser = true });
            }

            var coming = container.NextExit;
            await SendSignalAsync(container, number, cancellation).ConfigureAwait(false);
            return coming;
        }).ConfigureAwait(false);
        if (number == Signals.Kill)
        {
            await KilledAsync(container, exit, cancellation).ConfigureAwait(false);
        }
    }

    public async Task RestartAsync(Container container, int? seconds, string signal, CancellationToken cancellation)
    {
        container.IsBeingRestarted = true;
        try
        {
            await StopAsync(container, seconds, signal, cancellation).ConfigureAwait(false);
        }
        finally
        {
            container.IsBeingRestarted = false;
        }

        await StartAsync(container, cancellation).ConfigureAwait(false);
        Publish(container, "restart");
    }

    public Task RenameAsync(Container container, string newName) => container.Mailbox.RunAsync(async () =>
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
        try
        {
            _store.Save(renamed);
        }
        catch
        {
            _index.Release(name, container.Id);
            throw;
        }

        container.Record = renamed;
        _index.Release(old, container.Id);
        await RenameOnNetworksAsync(container).ConfigureAwait(false);
        Publish(container, "rename", ("oldName", "/" + old));
    });

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
        await KilledAsync(container, exit, cancellation).ConfigureAwait(false);
    }

    private async Task KilledAsync(Container container, Task<ContainerState> exit, CancellationToken cancellation)
    {
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
            await ResumeAsync(container).ConfigureAwait(false);
        }
    }
}

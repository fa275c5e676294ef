using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Runtime;
using Swarm.Engine.Shim;
using Swarm.Linux;

namespace Swarm.Engine.Exec;

/// <summary>
/// `docker exec`: one more process in a running container, under a shim of its own. Kept in memory only: a daemon that restarts has forgotten
/// them, as Docker's has, and their shims end with the processes.
/// </summary>
public sealed class ExecEngine(ContainerEngine containers, TimeProvider time)
{
    /// <summary>Ended ones are forgotten oldest first beyond this many.</summary>
    private const int MaximumKept = 1024;
    private const int IdBytes = 32;

    /// <summary>How long a resize waits for a process that is only being started.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(10);
    private ImmutableDictionary<string, ExecProcess> _all = ImmutableDictionary<string, ExecProcess>.Empty;
    private ImmutableQueue<string> _ended = [];
    private int _endedCount;
    private readonly Lock _lock = new();

    /// <exception cref="EngineException">409: the container does not run; 400: no command, or a user that it does not have.</exception>
    public ExecProcess Create(Container container, ExecCreateRequest request)
    {
        RequireRunning(container);
        request = request with { Env = GoNulls.Texts(request.Env) };
        DetachKeys.Parse(request.DetachKeys ?? "");
        if ((request.Cmd ?? []).Concat(request.Env ?? []).Append(request.WorkingDir).Append(request.User).Any(text => text?.Contains('\0', StringComparison.Ordinal) == true))
        {
            throw EngineException.BadRequest("invalid argument: a zero byte in the command, the environment, the user or the working directory");
        }

        if (request.Cmd is not { Count: > 0 })
        {
            throw EngineException.BadRequest("No exec command specified");
        }

        if (!string.IsNullOrEmpty(request.User))
        {
            ContainerUser.Resolve(containers.MountedRoot(container), request.User, groups: null); // refused here, where the client hears it
        }

        var exec = new ExecProcess(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes)), container.Id, request);
        lock (_lock)
        {
            _all = _all.Add(exec.Id, exec);
        }

        containers.Publish(container, "exec_create: " + string.Join(' ', request.Cmd), ("execID", exec.Id));
        return exec;
    }

    /// <exception cref="EngineException">404.</exception>
    public ExecProcess Get(string id) => _all.GetValueOrDefault(id) ?? throw EngineException.NotFound($"No such exec instance: {id}");

    public IReadOnlyList<string>? IdsOf(Container container)
    {
        var ids = _all.Values.Where(e => e.ContainerId == container.Id && e.ExitCode is null).Select(e => e.Id).ToList();
        return ids.Count > 0 ? ids : null;
    }

    public ExecInspect Inspect(ExecProcess exec) => new()
    {
        ID = exec.Id,
        Running = exec is { Pid: > 0, ExitCode: null },
        ExitCode = exec.ExitCode,
        Pid = exec.Pid,
        ContainerID = exec.ContainerId,
        OpenStdin = exec.Request.AttachStdin,
        OpenStdout = exec.Request.AttachStdout,
        OpenStderr = exec.Request.AttachStderr,
        CanRemove = exec.ExitCode is not null,
        DetachKeys = string.IsNullOrEmpty(exec.Request.DetachKeys) ? "" : Convert.ToBase64String(DetachKeys.Parse(exec.Request.DetachKeys).Sequence),
        ProcessConfig = new ExecProcessConfig(exec.Request.Tty, exec.Request.Cmd![0], [.. exec.Request.Cmd.Skip(1)], exec.Request.Privileged, exec.Request.User),
    };

    /// <summary>What can be known to be wrong before a start is tried.</summary>
    /// <exception cref="EngineException">404: the container is gone; 409: it was started, or the container does not run.</exception>
    public void CheckStart(ExecProcess exec)
    {
        RequireRunning(containers.Find(exec.ContainerId) ?? throw EngineException.NotFound($"No such container: {exec.ContainerId}"));
        if (exec.IsClaimed)
        {
            throw Claimed(exec.Id, exec.ExitCode is not null);
        }
    }

    /// <summary>Starts it. The answer carries its streams, in frames unless the start asks for a terminal's; null if it is detached.</summary>
    /// <exception cref="EngineException">
    /// 409: it was started, or the container does not run; 400: the command cannot be run, and <see cref="ExecProcess.ExitCode"/> is 126 or 127.
    /// </exception>
    public Task<AttachSession?> StartAsync(ExecProcess exec, ExecStartRequest start, CancellationToken cancellation) =>
        StartAsync(exec, start, start.Tty, cancellation);

    /// <summary>Runs one command to its end and collects what it prints.</summary>
    /// <param name="maximumOutput">Bytes; of more, the first ones and "..." are kept.</param>
    /// <returns>The exit code; null: it was killed because it took longer than <paramref name="timeout"/>.</returns>
    internal async Task<(int? ExitCode, string Output)> RunAsync(
        Container container, ExecCreateRequest request, TimeSpan timeout, int maximumOutput, TimeProvider time, CancellationToken cancellation)
    {
        var exec = Create(container, request);
        var session = await StartAsync(exec, new ExecStartRequest(), raw: true, cancellation).ConfigureAwait(false);
        using var output = new OutputHead(maximumOutput);
        var reading = session!.RunAsync(output, CancellationToken.None);
        try
        {
            await exec.Gone.WaitAsync(timeout, time, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            await KillAsync(exec).ConfigureAwait(false);
            await exec.Gone.ConfigureAwait(false);
            await reading.ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            return (null, output.Text);
        }

        await reading.ConfigureAwait(false);
        return (exec.ExitCode, output.Text);
    }

    private static async Task KillAsync(ExecProcess exec)
    {
        try
        {
            await exec.Control!.SendAsync(ShimFrameKind.Signal, new[] { (byte)Signals.Kill }, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is System.Net.Sockets.SocketException or ObjectDisposedException)
        {
            // It is just ending.
        }
    }

    private async Task<AttachSession?> StartAsync(ExecProcess exec, ExecStartRequest start, bool raw, CancellationToken cancellation)
    {
        var container = containers.Find(exec.ContainerId) ?? throw EngineException.NotFound($"No such container: {exec.ContainerId}");
        RequireRunning(container);
        if (!exec.TryClaim())
        {
            throw Claimed(exec.Id, exec.ExitCode is not null);
        }

        var bundle = containers.Bundle(exec.Id);
        Directory.CreateDirectory(bundle);
        try
        {
            var (shimPid, control) = await LaunchAsync(exec, container, start, bundle, cancellation).ConfigureAwait(false);
            AttachSession? session = null;
            if (!start.Detach)
            {
                var connection = await ShimConnection.ConnectAsync(bundle, InterestOf(exec.Request), cancellation).ConfigureAwait(false);
                if (connection is not null)
                {
                    await connection.ReadAsync(cancellation).ConfigureAwait(false);
                }

                var keys = exec.Request is { Tty: true, AttachStdin: true } ? DetachKeys.Parse(exec.Request.DetachKeys) : null;
                session = new AttachSession(Task.FromResult(connection), raw, exec.Request.AttachStdin, keys, static () => { });
            }

            await control.SendAsync(ShimFrameKind.Start, default, cancellation).ConfigureAwait(false);
            var first = await control.ReadAsync(cancellation).ConfigureAwait(false);
            if (first is not { Kind: ShimFrameKind.Started } started)
            {
                throw Refused(exec, first, control, shimPid);
            }

            containers.Shims.Prepare();
            exec.Started(int.Parse(started.Payload.Span, NumberStyles.None, CultureInfo.InvariantCulture), control);
            containers.Publish(container, "exec_start: " + string.Join(' ', exec.Request.Cmd!), ("execID", exec.Id));
            _ = MonitorAsync(exec, container, shimPid, bundle);
            return session;
        }
        catch
        {
            Keep(exec);
            Directory.Delete(bundle, recursive: true);
            throw;
        }
    }

    /// <summary>A client learns of the start before the process is there, so a resize waits for it.</summary>
    /// <exception cref="EngineException">409: it does not run.</exception>
    public async Task ResizeAsync(ExecProcess exec, ushort rows, ushort columns, CancellationToken cancellation)
    {
        try
        {
            await exec.Settled.WaitAsync(StartPatience, time, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw EngineException.Conflict($"exec {exec.Id} is not running");
        }

        await (exec is { Control: { } control, ExitCode: null }
            ? ContainerEngine.ResizeAsync(control, rows, columns, cancellation)
            : throw EngineException.Conflict($"exec {exec.Id} is not running")).ConfigureAwait(false);
    }

    private async Task<(int Pid, ShimConnection Control)> LaunchAsync(ExecProcess exec, Container container, ExecStartRequest start, string bundle, CancellationToken cancellation)
    {
        const string processName = "process.json";
        var process = ExecSpec.Of(exec.Request, start, container, containers.Specs.AllCapabilities, containers.Bundle(container.Id), containers.MountedRoot(container));
        await File.WriteAllBytesAsync(Path.Combine(bundle, processName), JsonSerializer.SerializeToUtf8Bytes(process, OciJson.Default.OciProcess), cancellation).ConfigureAwait(false);
        return await containers.Shims.LaunchAsync(
            new ShimOptions
            {
                Bundle = bundle,
                Id = container.Id,
                Runtime = containers.Options.Runtimes.Of(container.Record.HostConfig.Runtime).Path,
                RuntimeArguments = containers.Options.Runtimes.Of(container.Record.HostConfig.Runtime).Arguments,
                RuntimeRoot = containers.Options.RuntimeStatePath,
                Tty = exec.Request.Tty,
                Stdin = exec.Request.AttachStdin,
                StdinOnce = true,
                ExecProcess = processName,
                StreamOwner = containers.StreamOwner(container),
            },
            cancellation).ConfigureAwait(false);
    }

    private static EngineException Refused(ExecProcess exec, ReceivedFrame? frame, ShimConnection control, int shimPid)
    {
        var said = frame is { Kind: ShimFrameKind.Failed } failed ? Encoding.UTF8.GetString(failed.Payload.Span) : "the shim ended";
        control.Dispose();
        ChildProcess.Wait(shimPid);
        var failure = RuntimeFailure.Explain(said, exec.Request.Cmd![0], isExec: true);
        exec.Ended(failure.ExitCode);
        return new EngineException(failure.Status, failure.Message);
    }

    private async Task MonitorAsync(ExecProcess exec, Container container, int shimPid, string bundle)
    {
        const int unknown = 255;
        var code = unknown;
        while (await exec.Control!.ReadAsync(CancellationToken.None).ConfigureAwait(false) is { } frame)
        {
            if (frame.Kind == ShimFrameKind.Exited)
            {
                code = ExitRecord.Parse(frame.Payload.Span).ExitCode;
                exec.Ended(code);
            }
        }

        exec.Ended(code);
        exec.Control.Dispose();
        ChildProcess.Wait(shimPid);
        Directory.Delete(bundle, recursive: true);
        containers.Publish(container, "exec_die", ("execID", exec.Id), ("exitCode", code.ToString(CultureInfo.InvariantCulture)));
        Keep(exec);
        exec.CompleteGone();
    }

    private void Keep(ExecProcess exec)
    {
        lock (_lock)
        {
            _ended = _ended.Enqueue(exec.Id);
            if (++_endedCount > MaximumKept)
            {
                _ended = _ended.Dequeue(out var oldest);
                _endedCount--;
                _all = _all.Remove(oldest);
            }
        }
    }

    private static ShimInterest InterestOf(ExecCreateRequest request) =>
        (request.AttachStdin ? ShimInterest.Stdin : 0) | (request.AttachStdout ? ShimInterest.Stdout : 0) | (request.AttachStderr ? ShimInterest.Stderr : 0);

    /// <summary>Of a second start.</summary>
    public static EngineException Claimed(string id, bool hasEnded) => EngineException.Conflict($"Error: Exec command {id} {(hasEnded ? "has already run" : "is already running")}");

    private static void RequireRunning(Container container)
    {
        if (container.State.Status == ContainerStatus.Paused)
        {
            throw EngineException.Conflict($"container {container.Id} is paused, unpause the container before exec");
        }

        if (!container.State.IsRunning)
        {
            throw EngineException.Conflict($"container {container.Id} is not running");
        }
    }
}

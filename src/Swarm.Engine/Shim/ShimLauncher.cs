using System.Net.Sockets;
using Swarm.Engine.Runtime;
using Swarm.Linux;

namespace Swarm.Engine.Shim;

/// <summary>
/// Starts shims. They are sessions of their own and outlive this process. One is kept waiting for what comes next, since it takes longer to start a
/// program of .NET than to do what it is for.
/// </summary>
public sealed class ShimLauncher(EngineOptions options, RuntimeThread thread) : IDisposable
{
    internal const string ErrorsName = "shim.err";
    internal const int ErrorsMode = 0x180, ErrorsFlags = FileDescriptors.WriteOnly | FileDescriptors.Create | FileDescriptors.Truncate;
    private const int CopyDescriptor = 3;

    /// <summary>The variables that the JIT's host needs when the shim is not compiled ahead of time, and a PATH.</summary>
    private static readonly string[] Environment =
        ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "DOTNET_gcServer=0", "DOTNET_EnableDiagnostics=0", "HOME=/", "TZ=UTC"];

    private readonly Lock _lock = new();
    private Task<IdleShim>? _next;
    private bool _isDisposed;

    /// <summary>A shim that listens and waits for <see cref="ShimFrameKind.Start"/>, with the control connection to it.</summary>
    /// <exception cref="EngineException">500: it could not be started.</exception>
    public async Task<(int Pid, ShimConnection Control)> LaunchAsync(ShimOptions shim, CancellationToken cancellation)
    {
        try
        {
            if (TakeNext() is { } kept && await TryGiveAsync(await kept.ConfigureAwait(false), shim, cancellation).ConfigureAwait(false) is { } ready)
            {
                return ready;
            }
        }
        catch (IOException)
        {
            // Nor could that one be started: this container's own attempt tells why.
        }

        IdleShim idle;
        try
        {
            idle = await StartAsync(shim.Runtime).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new EngineException(500, $"failed to start shim: {e.Message}", e);
        }

        return await TryGiveAsync(idle, shim, cancellation).ConfigureAwait(false) ?? throw new EngineException(500, $"failed to start shim: {SaidBy(shim)}");
    }

    /// <summary>Starts the shim of whatever comes next, if none waits.</summary>
    public void Prepare()
    {
        lock (_lock)
        {
            if (!_isDisposed)
            {
                _next ??= StartAsync(options.Runtimes.Default.Path);
            }
        }
    }

    /// <summary>A shim that was not given anything ends with its connection. Call before the thread is disposed of.</summary>
    public void Dispose()
    {
        Task<IdleShim>? last;
        lock (_lock)
        {
            _isDisposed = true;
            (last, _next) = (_next, null);
        }

        if (last is not null)
        {
            _ = LeaveAsync(last);
        }
    }

    private static async Task LeaveAsync(Task<IdleShim> last)
    {
        try
        {
            (await last.ConfigureAwait(false)).Control.Dispose();
        }
        catch (IOException)
        {
            // It could not be started, and nobody needs it any more.
        }
    }

    private Task<IdleShim>? TakeNext()
    {
        lock (_lock)
        {
            var next = _next;
            _next = null;
            return next;
        }
    }

    /// <summary>Null: it has ended, and its complaint, if it had one, is in a file.</summary>
    private static async Task<(int Pid, ShimConnection Control)?> TryGiveAsync(IdleShim idle, ShimOptions shim, CancellationToken cancellation)
    {
        try
        {
            var payload = (shim with { RuntimeCopy = idle.CopyOf == shim.Runtime ? CopyDescriptor : null }).ToPayload();
            await idle.Control.SendAsync(ShimFrameKind.Options, payload, cancellation).ConfigureAwait(false);
            if (await idle.Control.ReadAsync(cancellation).ConfigureAwait(false) is { Kind: ShimFrameKind.Ready })
            {
                return (idle.Pid, idle.Control);
            }
        }
        catch (SocketException)
        {
            // It has ended while it waited.
        }
        catch
        {
            idle.Control.Dispose();
            _ = Task.Run(() => ChildProcess.Wait(idle.Pid), CancellationToken.None);
            throw;
        }

        idle.Control.Dispose();
        ChildProcess.Wait(idle.Pid);
        return null;
    }

    /// <exception cref="IOException">It could not be started.</exception>
    private async Task<IdleShim> StartAsync(string runtime)
    {
        var (ours, theirs) = LocalSocket.Pair();
        var control = new ShimConnection(new Socket(new SafeSocketHandle(ours, ownsHandle: true)));
        try
        {
            var (pid, hasCopy) = await thread.InvokeAsync(() => Start(theirs, runtime)).ConfigureAwait(false);
            return new IdleShim(pid, control, hasCopy ? runtime : null);
        }
        catch
        {
            control.Dispose();
            throw;
        }
        finally
        {
            FileDescriptors.Close(theirs);
        }
    }

    private (int Pid, bool HasCopy) Start(int control, string runtime)
    {
        var copy = thread.Copies.Of(runtime);
        var errors = FileDescriptors.Open(Path.Combine(options.ExecRoot, ErrorsName), ErrorsFlags, ErrorsMode);
        try
        {
            ReadOnlySpan<ChildDescriptor> descriptors = [new(control, 0), new(errors, 1), new(errors, 2), new(copy ?? 0, CopyDescriptor)];
            return (ChildProcess.Start(options.ShimCommand[0], options.ShimCommand, Environment, copy is null ? descriptors[..^1] : descriptors, newSession: true), copy is not null);
        }
        finally
        {
            FileDescriptors.Close(errors);
        }
    }

    /// <summary>A shim writes to the file of its bundle as soon as it knows it.</summary>
    private string SaidBy(ShimOptions shim) =>
        new[] { shim.Bundle, options.ExecRoot }.Select(folder => Path.Combine(folder, ErrorsName)).Where(File.Exists).Select(file => File.ReadAllText(file).Trim())
            .FirstOrDefault(text => text.Length > 0) ?? "it ended at once";

    /// <param name="CopyOf">The runtime that it has a sealed copy of; null: none.</param>
    private sealed record IdleShim(int Pid, ShimConnection Control, string? CopyOf);
}

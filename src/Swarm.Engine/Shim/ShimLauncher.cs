using System.Net.Sockets;
using Swarm.Engine.Runtime;
using Swarm.Linux;

namespace Swarm.Engine.Shim;

/// <summary>Starts shims. They are sessions of their own and outlive this process.</summary>
public sealed class ShimLauncher(EngineOptions options, RuntimeThread thread)
{
    private const string ErrorsName = "shim.err";
    private const int ErrorsMode = 0x180;

    /// <summary>The variables that the JIT's host needs when the shim is not compiled ahead of time, and a PATH.</summary>
    private static readonly string[] Environment =
        ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "DOTNET_gcServer=0", "DOTNET_EnableDiagnostics=0", "HOME=/", "TZ=UTC"];

    /// <summary>A shim that listens and waits for <see cref="ShimFrameKind.Start"/>, with the control connection to it.</summary>
    /// <exception cref="EngineException">500: it could not be started.</exception>
    public async Task<(int Pid, ShimConnection Control)> LaunchAsync(ShimOptions shim, CancellationToken cancellation)
    {
        var (ours, theirs) = LocalSocket.Pair();
        var control = new ShimConnection(new Socket(new SafeSocketHandle(ours, ownsHandle: true)));
        int pid;
        try
        {
            pid = await thread.InvokeAsync(() => Start(shim, theirs)).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            control.Dispose();
            throw new EngineException(500, $"failed to start shim: {e.Message}", e);
        }
        finally
        {
            FileDescriptors.Close(theirs);
        }

        var first = await control.ReadAsync(cancellation).ConfigureAwait(false);
        if (first?.Kind == ShimFrameKind.Ready)
        {
            return (pid, control);
        }

        control.Dispose();
        ChildProcess.Wait(pid);
        var said = Path.Combine(shim.Bundle, ErrorsName);
        throw new EngineException(500, $"failed to start shim: {(File.Exists(said) ? File.ReadAllText(said).Trim() : "it ended at once")}");
    }

    private int Start(ShimOptions shim, int control)
    {
        const int copyInShim = 3;
        var copy = thread.Copies.Of(shim.Runtime);
        string[] arguments = [.. options.ShimCommand, .. (copy is null ? shim : shim with { RuntimeCopy = copyInShim }).ToArguments()];
        var errors = FileDescriptors.Open(Path.Combine(shim.Bundle, ErrorsName), FileDescriptors.WriteOnly | FileDescriptors.Create | FileDescriptors.Truncate, ErrorsMode);
        try
        {
            ReadOnlySpan<ChildDescriptor> streams = [new(control, 0), new(errors, 1), new(errors, 2), new(copy ?? 0, copyInShim)];
            return ChildProcess.Start(arguments[0], arguments, Environment, copy is null ? streams[..^1] : streams, newSession: true);
        }
        finally
        {
            FileDescriptors.Close(errors);
        }
    }
}

using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text;
using Swarm.Agent;
using Swarm.Engine;
using Swarm.Engine.Containers;
using Swarm.Engine.Events;
using Swarm.Engine.Exec;
using Swarm.Engine.Logs;
using Swarm.Engine.Shim;
using Swarm.Rpc;
using Swarm.Rpc.Work;
using Swarm.Security;

namespace Swarm.Daemon;

/// <summary>What a node does for the cluster: it runs tasks, and answers managers who ask about them.</summary>
/// <param name="Events">Hears also of the cluster, while the node is a manager.</param>
internal sealed record NodeTasks(ITaskExecutor Executor, INodeWork Work, EventBus Events, INodeNetworks Networks, ClusterNetworks Cluster);

/// <summary>Answers from the containers of this node's tasks; of other containers it knows nothing.</summary>
internal sealed class NodeWork(ContainerEngine engine, INodeNetworks networks) : INodeWork
{
    private const int CannotRun = 126;

    public async IAsyncEnumerable<LogBatch> LogsAsync(NodeIdentity caller, TaskLogRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var container = Find(request.TaskId);
        if (container.Record.HostConfig.LogConfig?.Type == "none")
        {
            throw new RpcFault(RpcStatus.FailedPrecondition, "configured logging driver does not support reading");
        }

        var wanted = new LogRequest(request.Stdout, request.Stderr, request.Follow, Timestamps: false, request.Since, request.Until, request.Tail);
        var output = new ArrayBufferWriter<byte>(LogBatch.TargetSize);
        DateTimeOffset? last = null;
        var isCaughtUp = false;
        await using var lines = engine.Logs(container).ReadAsync(wanted, cancellation).GetAsyncEnumerator(cancellation);
        while (true)
        {
            var next = lines.MoveNextAsync();
            if (!next.IsCompleted && (output.WrittenCount > 0 || !isCaughtUp))
            {
                // The reader waits for the container: whoever merges with other logs has all that there was.
                isCaughtUp = true;
                yield return Batch();
            }
            else if (output.WrittenCount >= LogBatch.TargetSize)
            {
                yield return Batch();
            }

            if (!await next.ConfigureAwait(false))
            {
                break;
            }

            var line = lines.Current;
            LogLines.Write(output, line.IsStderr, line.Time, line.TimeText.Span, line.Text.Span);
            last = line.Time;
        }

        if (output.WrittenCount > 0)
        {
            yield return Batch();
        }

        LogBatch Batch()
        {
            var batch = new LogBatch { Lines = output.WrittenSpan.ToArray(), IsCaughtUp = isCaughtUp, LastTime = last };
            output.ResetWrittenCount();
            return batch;
        }
    }

    public async IAsyncEnumerable<NetworkState> NetworksAsync(NodeIdentity caller, NetworkStateRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var id in request.NetworkIds)
        {
            var table = networks.Tables.GetValueOrDefault(id);
            yield return new NetworkState { NetworkId = id, Table = table, Faults = table is null ? [] : await networks.FaultsAsync(id, cancellation).ConfigureAwait(false) };
        }
    }

    public async IAsyncEnumerable<ExecOutput> ExecAsync(NodeIdentity caller, IAsyncEnumerable<ExecInput> input, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var inputs = input.GetAsyncEnumerator(ends.Token);
        if (!await inputs.MoveNextAsync().ConfigureAwait(false) || inputs.Current.Command is not { } command)
        {
            throw new RpcFault(RpcStatus.InvalidArgument, "an exec begins with its command");
        }

        var container = Find(command.TaskId);
        var exec = Refusing(() => engine.Execs.Create(container, RequestOf(command)));
        var (session, refusal) = await StartAsync(exec, command, ends.Token).ConfigureAwait(false);
        if (session is null)
        {
            yield return new ExecOutput { Bytes = Told(refusal, command.Tty), ExitCode = exec.ExitCode ?? CannotRun };
            yield break;
        }

        // It runs: the caller hears so at once.
        yield return new ExecOutput { Pid = exec.Pid };
        var stream = new ExecStream();
        var feeding = stream.FeedAsync(inputs, command.Stdin, size => ResizeAsync(exec, size, ends.Token), ends.Token);
        var running = RunAsync(session, stream, ends.Token);
        try
        {
            await foreach (var bytes in stream.Output.ReadAllAsync(cancellation).ConfigureAwait(false))
            {
                yield return new ExecOutput { Bytes = bytes, Pid = exec.Pid };
            }

            // A client that typed the keys to detach leaves the process behind, as Docker does.
            if (!await running.ConfigureAwait(false))
            {
                await exec.Gone.WaitAsync(cancellation).ConfigureAwait(false);
                yield return new ExecOutput { ExitCode = exec.ExitCode, Pid = exec.Pid };
            }
        }
        finally
        {
            await ends.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(feeding, running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ResizeAsync(ExecProcess exec, TerminalSize size, CancellationToken cancellation)
    {
        if (exec.ExitCode is null)
        {
            await engine.Execs.ResizeAsync(exec, (ushort)size.Rows, (ushort)size.Columns, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>True if the client detached.</summary>
    private static async Task<bool> RunAsync(AttachSession session, ExecStream stream, CancellationToken cancellation)
    {
        try
        {
            return await session.RunAsync(stream, cancellation).ConfigureAwait(false);
        }
        finally
        {
            stream.Complete();
        }
    }

    private static ExecCreateRequest RequestOf(ExecCommand command) => new()
    {
        Cmd = command.Arguments,
        Env = command.Env,
        User = command.User,
        WorkingDir = command.WorkingDir,
        Tty = command.Tty,
        Privileged = command.Privileged,
        AttachStdin = command.Stdin,
        AttachStdout = command.Stdout,
        AttachStderr = command.Stderr,
        DetachKeys = command.DetachKeys,
        ConsoleSize = SizeOf(command.Size),
    };

    private static int[]? SizeOf(TerminalSize? size) => size is null ? null : [size.Rows, size.Columns];

    private Container Find(string taskId) => engine.Containers.FirstOrDefault(one => TaskContainer.TaskIdOf(one.Record) == taskId)
        ?? throw new RpcFault(RpcStatus.NotFound, $"the node has no container of task {taskId}");

    private static T Refusing<T>(Func<T> act)
    {
        try
        {
            return act();
        }
        catch (EngineException e)
        {
            throw new RpcFault(RpcStatus.FailedPrecondition, e.Message, inner: e);
        }
    }

    /// <summary>A command that cannot be run is told on the stream, as Docker tells it.</summary>
    private async Task<(AttachSession? Session, string Refusal)> StartAsync(ExecProcess exec, ExecCommand command, CancellationToken cancellation)
    {
        try
        {
            return (await engine.Execs.StartAsync(exec, new ExecStartRequest { Tty = command.Tty, ConsoleSize = SizeOf(command.Size) }, cancellation).ConfigureAwait(false), "");
        }
        catch (EngineException e)
        {
            return (null, e.Message);
        }
    }

    private static byte[] Told(string text, bool raw)
    {
        var bytes = Encoding.UTF8.GetBytes(text + "\r\n");
        if (raw)
        {
            return bytes;
        }

        var frame = new byte[ShimFrame.HeaderSize + bytes.Length];
        ShimFrame.WriteHeader(frame, ShimFrameKind.Stdout, bytes.Length);
        bytes.CopyTo(frame.AsSpan(ShimFrame.HeaderSize));
        return frame;
    }
}

using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Swarm.Manager.Control;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Work;

namespace Swarm.Manager.Exec;

/// <summary>One command in a task's container on some node, of which this manager passes the streams on. Started once.</summary>
public sealed class TaskExec
{
    /// <summary>Bytes of input that are sent at once.</summary>
    private const int PieceSize = 16 * 1024;

    /// <summary>New sizes of the terminal that wait to be sent; of more, the newest count.</summary>
    private const int MaxSizes = 8;

    private readonly Channel<TerminalSize> _sizes = Channel.CreateBounded<TerminalSize>(new BoundedChannelOptions(MaxSizes) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly INodeWorkClient _client;
    private readonly string _address;
    private int _claimed;
    private volatile int _pid;
    private volatile int _exitCode = -1;
    private volatile bool _runs;

    internal TaskExec(string id, SwarmTask task, string address, INodeWorkClient client, TaskExecCommand command) =>
        (Id, Task, _address, _client, Command) = (id, task, address, client, command);

    public string Id { get; }

    public SwarmTask Task { get; }

    public TaskExecCommand Command { get; }

    /// <summary>It was started and has not ended, as far as this manager knows.</summary>
    public bool IsRunning => _runs;

    /// <summary>Null: not ended, or its end was not heard of.</summary>
    public int? ExitCode => _exitCode < 0 ? null : _exitCode;

    /// <summary>On its node; 0 before the start.</summary>
    public int Pid => _pid;

    public bool IsEnded { get; private set; }

    /// <summary>False if it was started before.</summary>
    public bool TryClaim() => Interlocked.Exchange(ref _claimed, 1) == 0;

    public void Resize(int rows, int columns) => _sizes.Writer.TryWrite(new TerminalSize { Rows = rows, Columns = columns });

    /// <summary>Carries bytes between the client and the command until that ends or the client leaves. After <see cref="TryClaim"/>.</summary>
    /// <param name="client">A read of 0 bytes is the end of its input, after which it may still listen.</param>
    /// <exception cref="ControlException">The node does not answer, or refuses.</exception>
    public async Task RunAsync(Stream client, CancellationToken closed)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(closed);
        try
        {
            await foreach (var output in _client.ExecAsync(_address, Task.NodeId, InputAsync(client, ends.Token), ends.Token).ConfigureAwait(false))
            {
                (_pid, _runs) = (output.Pid, output.ExitCode is null);
                _exitCode = output.ExitCode ?? -1;
                if (output.Bytes.Length > 0)
                {
                    await client.WriteAsync(output.Bytes, ends.Token).ConfigureAwait(false);
                }
            }
        }
        catch (RpcFault fault)
        {
            throw new ControlException(fault.Status is RpcStatus.NotFound ? 404 : 409, fault.Message, fault);
        }
        finally
        {
            _runs = false;
            IsEnded = true;
            await ends.CancelAsync().ConfigureAwait(false);
        }
    }

    private async IAsyncEnumerable<ExecInput> InputAsync(Stream client, [EnumeratorCancellation] CancellationToken cancellation)
    {
        yield return new ExecInput { Command = Wire() };
        var buffer = new byte[PieceSize];
        var read = Command.Stdin ? client.ReadAsync(buffer, cancellation).AsTask() : null;
        var size = NextSizeAsync(cancellation);
        while (true)
        {
            if (read is null || await System.Threading.Tasks.Task.WhenAny(read, size).ConfigureAwait(false) == size)
            {
                yield return new ExecInput { Size = await size.ConfigureAwait(false) };
                size = NextSizeAsync(cancellation);
                continue;
            }

            var count = await read.ConfigureAwait(false);
            yield return new ExecInput { Stdin = buffer[..count], IsStdinOver = count == 0 };
            read = count == 0 ? null : client.ReadAsync(buffer, cancellation).AsTask();
        }
    }

    private async Task<TerminalSize> NextSizeAsync(CancellationToken cancellation) => await _sizes.Reader.ReadAsync(cancellation).ConfigureAwait(false);

    private ExecCommand Wire() => new()
    {
        TaskId = Task.Id,
        Arguments = Command.Arguments,
        Env = Command.Env,
        User = Command.User,
        WorkingDir = Command.WorkingDir,
        Tty = Command.Tty,
        Privileged = Command.Privileged,
        Stdin = Command.Stdin,
        Stdout = Command.Stdout,
        Stderr = Command.Stderr,
        DetachKeys = Command.DetachKeys,
        Size = Command.Size is { } size ? new TerminalSize { Rows = size.Rows, Columns = size.Columns } : null,
    };
}

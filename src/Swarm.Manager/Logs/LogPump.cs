using System.Text;
using System.Threading.Channels;
using Swarm.Manager.Exec;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Work;
using Swarm.Store;

namespace Swarm.Manager.Logs;

/// <summary>
/// The log of one task on its way from its node: a few batches ahead of who reads it, no more. Following, it comes back to a node that was away.
/// </summary>
internal sealed class LogPump(SwarmTask task, TaskLogOptions options, IObjectStore store, INodeWorkClient client, TimeProvider time)
{
    /// <summary>Batches that wait for their reader; then the node waits.</summary>
    private const int MaxAhead = 2;

    /// <summary>Between two tries to reach a node.</summary>
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly Channel<LogBatch> _batches = Channel.CreateBounded<LogBatch>(new BoundedChannelOptions(MaxAhead) { SingleReader = true, SingleWriter = true });
    private ReadOnlyMemory<byte> _rest;
    private bool _isCaughtUp;

    internal SwarmTask Task => task;

    /// <summary>The line that <see cref="NextAsync"/> found.</summary>
    internal WorkLogLine Current { get; private set; }

    /// <summary>Why the log, or its end, is missing; null if nothing is.</summary>
    internal string? Failure { get; private set; }

    internal ChannelReader<LogBatch> Later => _batches.Reader;

    /// <summary>Goes to the next of the lines that were there when the reading began; false behind the last.</summary>
    internal async ValueTask<bool> NextAsync(CancellationToken cancellation)
    {
        while (!TryNext())
        {
            if (_isCaughtUp || !await _batches.Reader.WaitToReadAsync(cancellation))
            {
                return false;
            }

            if (_batches.Reader.TryRead(out var batch))
            {
                (_rest, _isCaughtUp) = (batch.Lines, batch.IsCaughtUp);
            }
        }

        return true;
    }

    /// <summary>Runs until the log is over, or cancelled.</summary>
    internal async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            var request = new TaskLogRequest
            {
                TaskId = task.Id,
                Stdout = options.Stdout,
                Stderr = options.Stderr,
                Follow = options.Follow,
                Since = options.Since,
                Until = options.Until,
                Tail = options.Tail,
            };
            var isTold = false;
            while (true)
            {
                var (failure, last) = await StreamAsync(request, cancellation);
                if (!options.Follow || IsOver(failure))
                {
                    Failure = failure?.Message;
                    return;
                }

                // Others must not wait for it, and the user should know.
                var isNews = failure is { Status: RpcStatus.Unavailable } && !isTold;
                await _batches.Writer.WriteAsync(isNews ? Notice(failure!) : new LogBatch { IsCaughtUp = true }, cancellation);
                isTold |= isNews;
                await System.Threading.Tasks.Task.Delay(Retry, time, cancellation);
                request = last is { } seen ? request with { Since = seen.AddTicks(1), Tail = null } : request;
            }
        }
        finally
        {
            _batches.Writer.TryComplete();
        }
    }

    private bool TryNext()
    {
        if (!LogLines.TryRead(ref _rest, out var line))
        {
            return false;
        }

        Current = line;
        return true;
    }

    /// <returns>Why it broke off, null if it did not; and the time of the last line that came, null if none did.</returns>
    private async Task<(RpcFault? Failure, DateTimeOffset? Last)> StreamAsync(TaskLogRequest request, CancellationToken cancellation)
    {
        DateTimeOffset? last = null;
        try
        {
            var address = AddressOf(store.View.Nodes.Find(task.NodeId));
            await foreach (var batch in client.LogsAsync(address, task.NodeId, request, cancellation))
            {
                last = batch.LastTime ?? last;
                await _batches.Writer.WriteAsync(batch, cancellation);
            }

            return (null, last);
        }
        catch (RpcFault fault)
        {
            return (fault, last);
        }
    }

    /// <summary>
    /// There is nothing to come back to. A task that only starts has no container yet, or one whose log ends at once because nothing runs in it.
    /// </summary>
    private bool IsOver(RpcFault? failure) =>
        store.View.Tasks.Find(task.Id) is not { } now
        || now.Status.State.IsTerminal()
        || (failure is null && options.Until <= time.GetUtcNow())
        || !(failure is null or { Status: RpcStatus.Unavailable } || (failure.Status == RpcStatus.NotFound && now.Status.State < TaskState.Running));

    private string AddressOf(Node? node) => node switch
    {
        null => throw new RpcFault(RpcStatus.NotFound, $"node {task.NodeId} is not part of the swarm any more"),
        { Status.State: NodeState.Down } => throw new RpcFault(RpcStatus.Unavailable, $"node {node.Description.Hostname} is not available"),
        _ => TaskExecs.AddressOf(node),
    };

    private LogBatch Notice(RpcFault failure)
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        LogLines.Write(output, isStderr: true, time.GetUtcNow(), default, Encoding.UTF8.GetBytes($"warning: {failure.Message}: lines may be missing or late\n"));
        return new LogBatch { Lines = output.WrittenSpan.ToArray(), IsCaughtUp = true };
    }
}

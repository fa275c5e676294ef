using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using Swarm.Rpc;
using Swarm.Rpc.Work;

namespace Swarm.Manager.Tests.Logs;

/// <summary>Nodes that answer as a test says.</summary>
internal sealed class ScriptedNodeWork : INodeWorkClient
{
    /// <summary>By the task that is asked for.</summary>
    internal Func<string, TaskLogRequest, CancellationToken, IAsyncEnumerable<LogBatch>> Logs { get; set; } = (_, _, _) => throw new RpcFault(RpcStatus.NotFound, "nothing of it is here");

    internal Func<IAsyncEnumerable<ExecInput>, CancellationToken, IAsyncEnumerable<ExecOutput>> Execs { get; set; } = (_, _) => throw new RpcFault(RpcStatus.NotFound, "nothing of it is here");

    public IAsyncEnumerable<LogBatch> LogsAsync(string address, string nodeId, TaskLogRequest request, CancellationToken cancellation) => Logs(nodeId, request, cancellation);

    public IAsyncEnumerable<ExecOutput> ExecAsync(string address, string nodeId, IAsyncEnumerable<ExecInput> input, CancellationToken cancellation) => Execs(input, cancellation);

    public IAsyncEnumerable<NetworkState> NetworksAsync(string address, string nodeId, NetworkStateRequest request, CancellationToken cancellation) =>
        throw new RpcFault(RpcStatus.Unavailable, "it knows of no networks");

    /// <summary>Lines, each written at so many seconds.</summary>
    internal static LogBatch Batch(bool isCaughtUp, params (int Second, string Text)[] lines)
    {
        var output = new ArrayBufferWriter<byte>();
        foreach (var (second, text) in lines)
        {
            LogLines.Write(output, isStderr: false, At(second), [], Encoding.UTF8.GetBytes(text));
        }

        return new LogBatch { Lines = output.WrittenSpan.ToArray(), IsCaughtUp = isCaughtUp, LastTime = lines.Length == 0 ? null : At(lines[^1].Second) };
    }

    internal static DateTimeOffset At(int second) => DateTimeOffset.UnixEpoch.AddSeconds(second);

    internal static async IAsyncEnumerable<LogBatch> Of(params LogBatch[] batches)
    {
        foreach (var batch in batches)
        {
            await Task.Yield();
            yield return batch;
        }
    }

    /// <summary>As <see cref="Of"/>, and then the node is out of reach.</summary>
    internal static async IAsyncEnumerable<LogBatch> ThenBroken(LogBatch batch)
    {
        await Task.Yield();
        yield return batch;
        throw new RpcFault(RpcStatus.Unavailable, "node b is not available");
    }

    /// <summary>As <see cref="Of"/>, and then nothing more until nobody asks any longer.</summary>
    internal static async IAsyncEnumerable<LogBatch> ThenSilent(LogBatch batch, [EnumeratorCancellation] CancellationToken cancellation)
    {
        yield return batch;
        await Task.Delay(Timeout.Infinite, cancellation);
    }
}

using Swarm.Rpc.Wire;
using Swarm.Rpc.Work;

namespace Swarm.Rpc.Clients;

/// <summary>Asks the nodes that run tasks, as this manager.</summary>
public sealed class NodeWorkClient(RpcChannels channels) : INodeWorkClient
{
    /// <inheritdoc/>
    public IAsyncEnumerable<LogBatch> LogsAsync(string address, string nodeId, TaskLogRequest request, CancellationToken cancellation) =>
        channels.StreamAsync(address, RpcMethods.TaskLogs, request, RpcLimits.CallTimeout, cancellation, nodeId);

    /// <inheritdoc/>
    public IAsyncEnumerable<ExecOutput> ExecAsync(string address, string nodeId, IAsyncEnumerable<ExecInput> input, CancellationToken cancellation) =>
        channels.DuplexAsync(address, RpcMethods.Exec, input, RpcLimits.CallTimeout, nodeId, cancellation);

    /// <inheritdoc/>
    public IAsyncEnumerable<NetworkState> NetworksAsync(string address, string nodeId, NetworkStateRequest request, CancellationToken cancellation) =>
        channels.StreamAsync(address, RpcMethods.Networks, request, RpcLimits.CallTimeout, cancellation, nodeId);
}

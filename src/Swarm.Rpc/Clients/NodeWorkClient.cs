using System.Collections.Immutable;
using Swarm.Rpc.Dispatch;
using Swarm.Rpc.Membership;
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

    /// <summary>Tells a node that may have lost the managers where this one is, and asks whom it knows.</summary>
    /// <param name="address">host:port of the node.</param>
    /// <param name="ownAddress">host:port at which this manager is dialled.</param>
    /// <returns>The managers that the node knows.</returns>
    /// <exception cref="RpcFault"><see cref="RpcStatus.Unavailable"/>: the node does not answer there.</exception>
    public async Task<ImmutableArray<ManagerAddress>> MeetAsync(string address, string nodeId, string ownAddress, CancellationToken cancellation) =>
        (await channels.CallNodeAsync(address, nodeId, RpcMethods.Meet, new MeetRequest { Address = ownAddress }, RpcLimits.CallTimeout, cancellation).ConfigureAwait(false)).Managers;
}

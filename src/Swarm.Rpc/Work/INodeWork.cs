using Swarm.Security;

namespace Swarm.Rpc.Work;

/// <summary>What managers ask of the node that runs a task. Every node answers, and only managers that it knows of.</summary>
public interface INodeWork
{
    /// <summary>The log of a task of this node, oldest line first. Following, it goes on until the task's container has ended.</summary>
    /// <exception cref="RpcFault"><see cref="RpcStatus.NotFound"/>: nothing of the task is here; <see cref="RpcStatus.FailedPrecondition"/>: its log cannot be read.</exception>
    IAsyncEnumerable<LogBatch> LogsAsync(NodeIdentity caller, TaskLogRequest request, CancellationToken cancellation);

    /// <summary>Runs a command in a task's container: what comes in are <see cref="ExecInput"/>s, the first of them with the command.</summary>
    /// <exception cref="RpcFault">As <see cref="LogsAsync"/>, or the command cannot be run.</exception>
    IAsyncEnumerable<ExecOutput> ExecAsync(NodeIdentity caller, IAsyncEnumerable<ExecInput> input, CancellationToken cancellation);

    /// <summary>What the node has made of each of the networks, in the order in which they are asked for.</summary>
    IAsyncEnumerable<NetworkState> NetworksAsync(NodeIdentity caller, NetworkStateRequest request, CancellationToken cancellation);
}

/// <summary>A manager's way to such a node.</summary>
public interface INodeWorkClient
{
    /// <param name="address">host:port of the node.</param>
    /// <param name="nodeId">The node that must answer, by its certificate: addresses change hands.</param>
    /// <inheritdoc cref="INodeWork.LogsAsync"/>
    IAsyncEnumerable<LogBatch> LogsAsync(string address, string nodeId, TaskLogRequest request, CancellationToken cancellation);

    /// <inheritdoc cref="INodeWork.ExecAsync"/>
    IAsyncEnumerable<ExecOutput> ExecAsync(string address, string nodeId, IAsyncEnumerable<ExecInput> input, CancellationToken cancellation);

    /// <inheritdoc cref="INodeWork.NetworksAsync"/>
    IAsyncEnumerable<NetworkState> NetworksAsync(string address, string nodeId, NetworkStateRequest request, CancellationToken cancellation);
}

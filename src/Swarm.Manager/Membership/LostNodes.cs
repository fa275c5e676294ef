using Microsoft.Extensions.Logging;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Store;

namespace Swarm.Manager.Membership;

/// <summary>
/// A manager's loop that calls the nodes of which it should hear and does not: who has moved while it heard of nobody knows only where the others were, but others may
/// be where they were. The leader calls those that are down; a manager that sees no leader calls the workers, which follow the managers.
/// </summary>
/// <param name="isLost">Whether a node of the store is to be called.</param>
/// <param name="meet">Calls the node at an address (host:port), which must be the one of that id: it hears where this manager is.</param>
public sealed partial class LostNodes(IObjectStore store, Func<Node, bool> isLost, Func<string, string, CancellationToken, Task> meet, TimeProvider time, ILogger<LostNodes> log)
{
    internal static readonly TimeSpan Pause = TimeSpan.FromSeconds(3);

    /// <summary>Calls at once: most of those who are down do not answer.</summary>
    private const int MaximumCalls = 16;

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await Task.Delay(Pause, time, cancellation).ConfigureAwait(false);
            var lost = store.View.Nodes.Where(node => node.Status.RpcAddress.Length > 0 && isLost(node)).ToList();
            await Parallel.ForEachAsync(lost, new ParallelOptions { MaxDegreeOfParallelism = MaximumCalls, CancellationToken = cancellation }, MeetAsync).ConfigureAwait(false);
        }
    }

    private async ValueTask MeetAsync(Node node, CancellationToken cancellation)
    {
        try
        {
            await meet(node.Status.RpcAddress, node.Id, cancellation).ConfigureAwait(false);
            LogMet(node.Id, node.Status.RpcAddress);
        }
        catch (RpcFault fault)
        {
            LogNotMet(node.Id, node.Status.RpcAddress, fault.Message);
        }
    }

    [LoggerMessage(3340, LogLevel.Information, "Node {NodeId}, of which nothing was heard, answers at {Address}: it was told where this manager is")]
    private partial void LogMet(string nodeId, string address);

    [LoggerMessage(3341, LogLevel.Debug, "Node {NodeId}, of which nothing was heard, does not answer at {Address}: {Reason}")]
    private partial void LogNotMet(string nodeId, string address, string reason);
}

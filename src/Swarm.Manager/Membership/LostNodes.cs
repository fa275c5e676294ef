using Microsoft.Extensions.Logging;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Store;

namespace Swarm.Manager.Membership;

/// <summary>
/// The leader's loop that calls the nodes which are down: one whose managers have all moved while it heard of none knows only where they were, but is itself where it
/// was.
/// </summary>
/// <param name="tell">Tells the node at an address (host:port), which must be the one of that id, where this manager is.</param>
public sealed partial class LostNodes(IObjectStore store, Func<string, string, CancellationToken, Task> tell, TimeProvider time, ILogger<LostNodes> log)
{
    internal static readonly TimeSpan Pause = TimeSpan.FromSeconds(3);

    /// <summary>Calls at once: most of those who are down do not answer.</summary>
    private const int MaximumCalls = 16;

    /// <summary>Runs while this node leads: until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await Task.Delay(Pause, time, cancellation).ConfigureAwait(false);
            var lost = store.View.Nodes.Where(node => node.Status is { State: NodeState.Down, RpcAddress.Length: > 0 }).ToList();
            await Parallel.ForEachAsync(lost, new ParallelOptions { MaxDegreeOfParallelism = MaximumCalls, CancellationToken = cancellation }, TellAsync).ConfigureAwait(false);
        }
    }

    private async ValueTask TellAsync(Node node, CancellationToken cancellation)
    {
        try
        {
            await tell(node.Status.RpcAddress, node.Id, cancellation).ConfigureAwait(false);
            LogTold(node.Id, node.Status.RpcAddress);
        }
        catch (RpcFault fault)
        {
            LogNotTold(node.Id, node.Status.RpcAddress, fault.Message);
        }
    }

    [LoggerMessage(3340, LogLevel.Information, "Node {NodeId} is down but answers at {Address}: it was told where the leader is")]
    private partial void LogTold(string nodeId, string address);

    [LoggerMessage(3341, LogLevel.Debug, "Node {NodeId} is down and does not answer at {Address}: {Reason}")]
    private partial void LogNotTold(string nodeId, string address, string reason);
}

using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Swarm.Engine;
using Swarm.Linux;
using Swarm.Model;
using Swarm.Networking;
using Swarm.Rpc;

namespace Swarm.Daemon;

/// <summary>How a node gets out of its cluster, and what a daemon that died meanwhile has left to do.</summary>
internal sealed partial class NodeLife
{
    public async Task LeaveAsync(bool force, CancellationToken cancellation)
    {
        using var turn = await TurnAsync(cancellation);
        if (_locked is not null)
        {
            if (!force)
            {
                throw new EngineException(503, LockedSwarm.LeaveText);
            }

            NodeRecord.Delete(directory);
            await ForgetAllAsync(cancellation);
            _locked = null;
            return;
        }

        if (_member is not { } member)
        {
            if (_error.Length == 0)
            {
                throw new EngineException(503, NotInSwarm);
            }

            Forget();
            _error = "";
            return;
        }

        if (member.Manager is { } manager)
        {
            if (!force)
            {
                throw new EngineException(503, LeaveWarning.For(manager.Store));
            }

            await LeaveConsensusAsync(member, cancellation);
        }

        // From here on the node is out, whatever happens: what is left is cleaned at the next start.
        NodeRecord.Delete(directory);
        await member.RemoveTasksAsync(cancellation);
        _member = null;
        await member.DisposeAsync();
        Forget();
        LogLeft(member.Identity.NodeId);
    }

    private async Task LeaveConsensusAsync(ClusterMember member, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(ClusterPatience, time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            await member.LeaveConsensusAsync(ends.Token);
        }
        catch (Exception failure) when (failure is RpcFault || (failure is OperationCanceledException && late.IsCancellationRequested))
        {
            // Forced: the node goes even if the others cannot be told, or would lose their quorum.
            LogLeftByForce(failure.Message);
        }
    }

    private void Forget()
    {
        _keys = null;
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
            DurableFile.SyncDirectory(Path.GetDirectoryName(directory)!);
        }
    }

    /// <summary>What a daemon that died while it left its cluster has left to do.</summary>
    private async Task ForgetAllAsync(CancellationToken cancellation)
    {
        foreach (var task in await tasks.Executor.ListAsync(cancellation))
        {
            await tasks.Executor.RemoveAsync(task.TaskId, cancellation);
        }

        Forget();
        try
        {
            if (!tasks.Networks.Tables.IsEmpty)
            {
                await tasks.Networks.ApplyAsync("", ImmutableDictionary<string, NetworkTable>.Empty, cancellation);
            }
        }
        catch (NetworkFault fault)
        {
            LogNetworksStay(fault.Message); // tried again at the next start
        }
    }

    [LoggerMessage(121, LogLevel.Warning, "Left without the other managers' consent: {Reason}")]
    private partial void LogLeftByForce(string reason);

    [LoggerMessage(122, LogLevel.Information, "Node {NodeId} left its swarm")]
    private partial void LogLeft(string nodeId);

    [LoggerMessage(129, LogLevel.Warning, "Networks of the swarm that was left are still there: {Reason}")]
    private partial void LogNetworksStay(string reason);
}

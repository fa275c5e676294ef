using System.Net;
using Microsoft.Extensions.Logging;
using Swarm.Api;
using Swarm.Engine;
using Swarm.Manager.Membership;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Clients;
using Swarm.Security;
using Swarm.Store.Consensus.Raft;

namespace Swarm.Daemon;

/// <summary>What an operator does when managers are lost: going on from one, moving the leadership, finding managers that moved.</summary>
internal sealed partial class NodeLife
{
    private const string NotManager =
        "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state. "
        + "Please run this command on a manager node or promote the current node to a manager.";

    /// <summary>For the first commit of the recovered cluster, and before it for the replay of what the log holds.</summary>
    private static readonly TimeSpan RecoveryPatience = TimeSpan.FromSeconds(60);

    /// <summary>A leader resigns, but does not choose its successor: as often as this it is asked again.</summary>
    private const int MaxTransfers = 30;

    public async Task<string> TransferLeadershipAsync(string successor, CancellationToken cancellation)
    {
        var member = _member is { Manager: not null } manager ? manager : throw new EngineException(503, _member is null ? NotInSwarm : NotManager);
        try
        {
            for (var transfers = 1; ; transfers++)
            {
                var leader = await member.TransferLeadershipAsync(successor, cancellation);
                if (successor.Length == 0 || leader == successor)
                {
                    return leader;
                }

                if (transfers == MaxTransfers)
                {
                    throw new EngineException(500, $"after {MaxTransfers} elections {successor} has won none: {leader} leads");
                }
            }
        }
        catch (RpcFault fault)
        {
            throw new EngineException(
                fault.Status switch { RpcStatus.NotFound => 404, RpcStatus.FailedPrecondition => 409, _ => 503 }, fault.Message, fault);
        }
    }

    public async Task MeetAsync(string address, CancellationToken cancellation)
    {
        var member = _member ?? throw new EngineException(503, NotInSwarm);
        try
        {
            await member.MeetAsync(NodeAddresses.Remote(address), cancellation);
        }
        catch (RpcFault fault)
        {
            throw new EngineException(503, $"no manager of this swarm was found there: {fault.Message}", fault);
        }
    }

    /// <summary>`init --force-new-cluster`: this node's turn is held.</summary>
    private async Task<string> RecoverAsync(NodeRecord record, SwarmInit request, CancellationToken cancellation)
    {
        var keys = OpenKeys();
        var credentials = keys.Credentials;
        if (credentials.Identity.Role != NodeRole.Manager)
        {
            throw new EngineException(503, NotManager);
        }

        var listen = request.ListenAddress.Length > 0 ? NodeAddresses.Listen(request.ListenAddress) : IPEndPoint.Parse(record.ListenAddress);
        var present = NodeAddresses.Renewed(record, ownBridge);
        var advertise = request.AdvertiseAddress.Length > 0
            ? NodeAddresses.Advertise(request.AdvertiseAddress, listen, ownBridge)
            : new IPEndPoint(IPEndPoint.Parse(present.AdvertiseAddress).Address, listen.Port);
        var renewed = present with
        {
            ListenAddress = listen.ToString(),
            AdvertiseAddress = advertise.ToString(),
            AdvertiseWish = request.AdvertiseAddress.Length > 0 ? request.AdvertiseAddress : record.AdvertiseWish,
            AdvertiseIsLocal = NodeAddresses.IsLocal(advertise.Address),
        };
        if (_member is { } member)
        {
            _member = null;
            await member.DisposeAsync();
        }

        var intent = new RecoveryIntent(advertise.ToString());
        try
        {
            renewed.Save(directory);
            intent.Save(directory);
            await RecoverAsync(renewed, keys, intent, cancellation);
        }
        catch (Exception failure) when (failure is not EngineException)
        {
            // The node is in no state to serve: `info` says why, and both trying again and leaving by force work.
            _error = failure.Message;
            throw new EngineException(500, $"the swarm could not be recovered: {failure.Message}", failure);
        }

        _error = "";
        return credentials.Identity.NodeId;
    }

    private async Task RecoverAsync(NodeRecord record, NodeKeyRing keys, RecoveryIntent intent, CancellationToken cancellation)
    {
        LogRecovering(intent.AdvertiseAddress);
        using var late = new CancellationTokenSource(RecoveryPatience, time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        var member = await ClusterMember.StartAsync(PartsOf(record, keys), RaftBootstrap.Recover, ends.Token);
        try
        {
            var store = member.Manager!.Store;
            await foreach (var leadership in store.WatchLeadershipAsync(ends.Token))
            {
                if (leadership.IsLeader)
                {
                    break;
                }
            }

            var commit = await store.CommitAsync(ClusterRecovery.Transaction(store.View, record.NodeId, intent.AdvertiseAddress), ends.Token);
            if (!commit.IsCommitted)
            {
                throw new IOException($"the recovery could not be written: {commit.Status}");
            }

            member.Managers.Replace([new Rpc.Dispatch.ManagerAddress { NodeId = record.NodeId, Address = intent.AdvertiseAddress }]);
            RecoveryIntent.Delete(directory);
            member.OfferManager();
            member.StartWorking();
            _member = member;
            LogRecovered(record.ClusterId);
        }
        catch
        {
            await member.DisposeAsync();
            throw;
        }
    }

    [LoggerMessage(124, LogLevel.Warning, "Going on as the only manager, reached at {Address}: the others are lost")]
    private partial void LogRecovering(string address);

    [LoggerMessage(125, LogLevel.Warning, "Swarm {ClusterId} was recovered from this manager; the former managers are workers of it now")]
    private partial void LogRecovered(string clusterId);
}

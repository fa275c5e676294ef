using Microsoft.Extensions.Logging;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Clients;
using Swarm.Rpc.Dispatch;
using Swarm.Rpc.Membership;
using Swarm.Store;
using Swarm.Store.Consensus;

namespace Swarm.Manager.Membership;

/// <summary>Takes managers into the consensus and lets them go. Works on the leader only.</summary>
public sealed class MembershipService(
    IObjectStore store,
    IConsensus consensus,
    MembershipQueue changes,
    PeerAddressBook book,
    TimeProvider time,
    ILogger<MembershipService> log) : IMembership
{
    /// <summary>Commits tried while the node's record moves (its agent writes it, too).</summary>
    private const int MaxAttempts = 10;

    public Task<JoinManagerResponse> JoinManagerAsync(NodeIdentity caller, JoinManagerRequest request, CancellationToken cancellation)
    {
        EnsureLeader();
        return EnqueueAsync(stopping => JoinAsync(caller.NodeId, request.Address, stopping), cancellation);
    }

    public Task<LeaveManagerResponse> LeaveManagerAsync(NodeIdentity caller, LeaveManagerRequest request, CancellationToken cancellation)
    {
        EnsureLeader();
        return EnqueueAsync(stopping => LeaveAsync(caller.NodeId, stopping), cancellation);
    }

    public Task<TransferLeadershipResponse> TransferLeadershipAsync(NodeIdentity caller, TransferLeadershipRequest request, CancellationToken cancellation)
    {
        EnsureLeader();
        return EnqueueAsync(stopping => TransferAsync(request.Successor, stopping), cancellation);
    }

    private async Task<T> EnqueueAsync<T>(Func<CancellationToken, Task<T>> change, CancellationToken cancellation)
    {
        try
        {
            return await changes.EnqueueAsync(change, cancellation).ConfigureAwait(false);
        }
        catch (NotLeadingException)
        {
            throw NotLeader();
        }
    }

    private async Task<JoinManagerResponse> JoinAsync(string nodeId, string address, CancellationToken stopping)
    {
        var leader = EnsureLeader();
        // The address is committed first: whoever learns of the member, by the log, can already dial it.
        await UpdateAsync(nodeId, node => node.Spec.Role != NodeRole.Manager || node.Role != NodeRole.Manager
            ? throw new RpcFault(RpcStatus.FailedPrecondition, $"node {nodeId} is to be a worker: promote it first")
            : node with { Manager = new ManagerStatus { Address = address } }, stopping).ConfigureAwait(false);
        book.Set(nodeId, address);

        if (!consensus.Members.Any(member => member.NodeId == nodeId && member.Voter))
        {
            using var late = new CancellationTokenSource(RpcLimits.JoinManagerTimeout, time);
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(stopping, late.Token);
            var added = false;
            try
            {
                added = await consensus.AddMemberAsync(nodeId, ends.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
            {
                // Too late is as good as refused: below.
            }

            if (!added)
            {
                log.NotAdded(nodeId, address);
                EnsureLeader();
                if (!consensus.Members.Any(member => member.NodeId == nodeId))
                {
                    await UpdateAsync(nodeId, node => node with { Manager = null }, stopping).ConfigureAwait(false);
                }

                throw new RpcFault(RpcStatus.Unavailable, $"manager {nodeId} at {address} did not catch up with the log of {leader}; check that {address} can be reached from the other managers");
            }

            log.Added(nodeId, address);
        }

        return new JoinManagerResponse
        {
            Managers = [.. store.View.Nodes.Where(node => node.Manager is not null).Select(node => new ManagerAddress { NodeId = node.Id, Address = node.Manager!.Address })],
        };
    }

    private async Task<LeaveManagerResponse> LeaveAsync(string nodeId, CancellationToken stopping)
    {
        var leader = EnsureLeader();
        if (consensus.Members.Any(member => member.NodeId == nodeId))
        {
            if (!Quorum.SurvivesWithout(consensus.Members, nodeId, leader))
            {
                throw new RpcFault(RpcStatus.FailedPrecondition, $"manager {nodeId} cannot leave: this would lose the quorum");
            }

            if (nodeId == leader)
            {
                await consensus.TransferLeadershipAsync(stopping).ConfigureAwait(false);
                throw new RpcFault(RpcStatus.NotLeader, "the leadership moves to another manager first", LeaderAddress());
            }

            if (!await consensus.RemoveMemberAsync(nodeId, stopping).ConfigureAwait(false))
            {
                throw new RpcFault(RpcStatus.Unavailable, $"manager {nodeId} could not be removed from the consensus; try again");
            }
        }

        await UpdateAsync(nodeId, node => node with { Manager = null }, stopping).ConfigureAwait(false);
        book.Remove(nodeId);
        log.Left(nodeId);
        return new LeaveManagerResponse();
    }

    private async Task<TransferLeadershipResponse> TransferAsync(string successor, CancellationToken stopping)
    {
        var leader = EnsureLeader();
        if (successor == leader)
        {
            return new TransferLeadershipResponse { LeaderId = leader };
        }

        if (successor.Length > 0)
        {
            var member = consensus.Members.FirstOrDefault(one => one.NodeId == successor && one.Voter)
                ?? throw new RpcFault(RpcStatus.NotFound, $"node {successor} is not a manager");
            if (member.Reachable != true)
            {
                throw new RpcFault(RpcStatus.FailedPrecondition, $"manager {successor} can not be reached: it cannot lead");
            }
        }

        if (!LeadershipTransfer.IsPossible(consensus.Members, leader))
        {
            throw new RpcFault(RpcStatus.FailedPrecondition, "the leadership can not be transferred: too few other managers can be reached to elect one of them");
        }

        log.Transferring(leader);
        using var late = new CancellationTokenSource(LeadershipTransfer.Patience, time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(stopping, late.Token);
        try
        {
            return new TransferLeadershipResponse { LeaderId = await LeadershipTransfer.ToAnotherAsync(store, consensus, leader, ends.Token).ConfigureAwait(false) };
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            throw new RpcFault(RpcStatus.FailedPrecondition, $"no other manager was elected within {LeadershipTransfer.Patience.TotalSeconds:0} s");
        }
    }

    private async Task UpdateAsync(string nodeId, Func<Node, Node> change, CancellationToken stopping)
    {
        for (var attempt = 1; ; attempt++)
        {
            var node = store.View.Nodes.Find(nodeId) ?? throw new RpcFault(RpcStatus.PermissionDenied, $"node {nodeId} is not part of this cluster");
            var changed = change(node);
            if (Codec.Same(node, changed))
            {
                return;
            }

            var commit = await store.CommitAsync(new StoreTransaction().Update(changed), stopping).ConfigureAwait(false);
            if (commit.IsCommitted)
            {
                return;
            }

            if (commit.Status != CommitStatus.Conflict || attempt == MaxAttempts)
            {
                throw StoreFaults.Of(commit, $"the record of manager {nodeId} could not be written");
            }
        }
    }

    /// <summary>The own node id.</summary>
    private string EnsureLeader() => store.Leadership is { IsLeader: true, LeaderId: { } self }
        ? self
        : throw NotLeader();

    private RpcFault NotLeader() => new(RpcStatus.NotLeader, "this manager is not the leader", LeaderAddress());

    private string? LeaderAddress() => store.Leadership is { LeaderId: { } leader, IsLeader: false }
        // The book first: a leader at a new address has called this manager before it could write the record.
        ? book.Find(leader) ?? store.View.Nodes.Find(leader)?.Manager?.Address
        : null;
}

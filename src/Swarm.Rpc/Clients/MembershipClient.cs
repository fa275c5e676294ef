using Swarm.Rpc.Membership;
using Swarm.Rpc.Wire;

namespace Swarm.Rpc.Clients;

/// <summary>Asks the leader to take this node into the consensus, or out of it.</summary>
public sealed class MembershipClient(RpcChannels channels, PeerAddressBook managers, Random random, TimeProvider time)
{
    private readonly ManagerCalls _calls = new(managers, random, time);

    /// <inheritdoc cref="IMembership.JoinManagerAsync"/>
    public Task<JoinManagerResponse> JoinManagerAsync(JoinManagerRequest request, CancellationToken cancellation) => _calls.CallAsync(
        (address, token) => channels.CallAsync(address, RpcMethods.JoinManager, request, RpcLimits.JoinManagerTimeout, token), cancellation);

    /// <inheritdoc cref="IMembership.TransferLeadershipAsync"/>
    public Task<TransferLeadershipResponse> TransferLeadershipAsync(TransferLeadershipRequest request, CancellationToken cancellation) => _calls.CallAsync(
        (address, token) => channels.CallAsync(address, RpcMethods.TransferLeadership, request, RpcLimits.CommitTimeout, token), cancellation);

    /// <summary>Tells the manager at <paramref name="address"/> where this node is, and learns from it where the managers are.</summary>
    /// <param name="ownAddress">host:port at which this node is dialled.</param>
    /// <exception cref="RpcFault"><see cref="RpcStatus.Unavailable"/>: no manager of this cluster answers there.</exception>
    public async Task MeetAsync(string address, string ownAddress, CancellationToken cancellation)
    {
        var answer = await channels.CallAsync(address, RpcMethods.Meet, new MeetRequest { Address = ownAddress }, RpcLimits.CallTimeout, cancellation).ConfigureAwait(false);
        managers.Heard(answer.NodeId, address);
        foreach (var manager in answer.Managers)
        {
            managers.Hint(manager.NodeId, manager.Address);
        }
    }

    /// <inheritdoc cref="IMembership.LeaveManagerAsync"/>
    public Task LeaveManagerAsync(CancellationToken cancellation) => _calls.CallAsync(
        (address, token) => channels.CallAsync(address, RpcMethods.LeaveManager, new LeaveManagerRequest(), RpcLimits.CommitTimeout, token), cancellation);
}

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

    /// <inheritdoc cref="IMembership.LeaveManagerAsync"/>
    public Task LeaveManagerAsync(CancellationToken cancellation) => _calls.CallAsync(
        (address, token) => channels.CallAsync(address, RpcMethods.LeaveManager, new LeaveManagerRequest(), RpcLimits.CommitTimeout, token), cancellation);
}

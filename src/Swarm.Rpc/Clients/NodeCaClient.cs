using Swarm.Rpc.Certificates;
using Swarm.Rpc.Wire;

namespace Swarm.Rpc.Clients;

/// <summary>Asks the managers for this node's next certificate.</summary>
public sealed class NodeCaClient(RpcChannels channels, PeerAddressBook managers, Random random, TimeProvider time)
{
    private readonly ManagerCalls _calls = new(managers, random, time);

    /// <inheritdoc cref="INodeCa.RenewCertificateAsync"/>
    public Task<IssuedCertificate> RenewCertificateAsync(RenewCertificateRequest request, CancellationToken cancellation) => _calls.CallAsync(
        (address, token) => channels.CallAsync(address, RpcMethods.RenewCertificate, request, RpcLimits.CommitTimeout, token), cancellation);
}

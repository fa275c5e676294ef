using Swarm.Rpc;
using Swarm.Rpc.Certificates;
using Swarm.Rpc.Clients;

namespace Swarm.Daemon;

/// <summary>Where this node gets its next certificate.</summary>
internal static class NodeRenewal
{
    /// <summary>
    /// From its own authority while it is a manager: a lone manager that was off until its certificate had expired can reach no other. Else, or if that
    /// one cannot, from any manager.
    /// </summary>
    internal static Func<RenewCertificateRequest, CancellationToken, Task<IssuedCertificate>> Of(
        Func<INodeCa?> own, RpcChannels channels, PeerAddressBook managers, ClusterMember.Parts parts)
    {
        var others = new NodeCaClient(channels, managers, parts.Random, parts.Time);
        return async (request, cancellation) =>
        {
            if (own() is { } here)
            {
                try
                {
                    return await here.RenewCertificateAsync(parts.Credentials.Identity, request, cancellation);
                }
                catch (RpcFault fault) when (fault.Status is RpcStatus.Unavailable or RpcStatus.NotLeader)
                {
                    // Below.
                }
            }

            return await others.RenewCertificateAsync(request, cancellation);
        };
    }
}

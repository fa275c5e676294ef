using Swarm.Rpc.Clients;
using Swarm.Store.Consensus;

namespace Swarm.Daemon;

/// <summary>The store's messages over the cluster's mutual TLS.</summary>
internal sealed class PeerTransport(PeerCalls calls) : IPeerTransport
{
    public async Task<ReadOnlyMemory<byte>> CallAsync(string nodeId, ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        try
        {
            return await calls.CallAsync(nodeId, request, cancellation);
        }
        catch (PeerNotReachedException notDelivered)
        {
            throw new PeerUnreachableException(notDelivered.Message, notDelivered);
        }
    }
}

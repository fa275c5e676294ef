using Swarm.Rpc.Clients;
using Swarm.Store.Consensus;

namespace Swarm.Daemon;

/// <summary>The store's messages over the cluster's mutual TLS.</summary>
internal sealed class PeerTransport(PeerCalls calls, PeerAddressBook book) : IPeerTransport
{
    public Task<ReadOnlyMemory<byte>> CallAsync(string nodeId, ReadOnlyMemory<byte> request, CancellationToken cancellation) =>
        book.Find(nodeId) is null
            ? throw new PeerUnreachableException($"the address of manager {nodeId} is not known")
            : calls.CallAsync(nodeId, request, cancellation);
}

using Grpc.Core;
using Swarm.Rpc.Consensus;
using Swarm.Rpc.Wire;

namespace Swarm.Rpc.Clients;

/// <summary>Consensus messages to other managers, by node id.</summary>
/// <param name="ownAddress">host:port at which this node is dialled; peers learn it from every call.</param>
public sealed class PeerCalls(RpcChannels channels, PeerAddressBook book, string ownAddress, TimeSpan timeout)
{
    internal const string AddressHeader = "swarm-address";

    /// <exception cref="IOException">The peer could not be reached, did not answer, or refused.</exception>
    public async Task<ReadOnlyMemory<byte>> CallAsync(string nodeId, ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        var address = book.Find(nodeId) ?? throw new IOException($"the address of manager {nodeId} is not known");
        try
        {
            var headers = new Metadata { { AddressHeader, ownAddress } };
            var answer = await channels.CallAsync(address, RpcMethods.Consensus, new OpaqueBytes(request), timeout, cancellation, headers, consensus: true).ConfigureAwait(false);
            return answer.Bytes;
        }
        catch (RpcFault fault)
        {
            throw new IOException($"manager {nodeId}: {fault.Message}", fault);
        }
    }
}

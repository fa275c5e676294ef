using Grpc.Core;
using Swarm.Rpc.Consensus;
using Swarm.Rpc.Wire;

namespace Swarm.Rpc.Clients;

/// <summary>Consensus messages to other managers, by node id.</summary>
/// <param name="ownAddress">host:port at which this node is dialled; peers learn it from every call.</param>
public sealed class PeerCalls(RpcChannels channels, PeerAddressBook book, string ownAddress, TimeSpan timeout)
{
    internal const string AddressHeader = "swarm-address";

    /// <summary>Whom the message is for: an address may have passed to another manager.</summary>
    internal const string TargetHeader = "swarm-target";

    /// <exception cref="PeerNotReachedException">The request was certainly not delivered.</exception>
    /// <exception cref="IOException">The peer did not answer, or refused; it may have received the request.</exception>
    public async Task<ReadOnlyMemory<byte>> CallAsync(string nodeId, ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        var address = book.Find(nodeId) ?? throw new PeerNotReachedException($"the address of manager {nodeId} is not known");
        try
        {
            var headers = new Metadata { { AddressHeader, ownAddress }, { TargetHeader, nodeId } };
            var answer = await channels.CallAsync(address, RpcMethods.Consensus, new OpaqueBytes(request), timeout, cancellation, headers, consensus: true).ConfigureAwait(false);
            return answer.Bytes;
        }
        catch (RpcFault fault) when (fault.InnerException is HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError or HttpRequestError.NameResolutionError,
        })
        {
            throw new PeerNotReachedException($"manager {nodeId}: {fault.Message}", fault);
        }
        catch (RpcFault fault)
        {
            throw new IOException($"manager {nodeId}: {fault.Message}", fault);
        }
    }
}

/// <summary>There was no connection to carry the request, so it may be sent again.</summary>
public sealed class PeerNotReachedException(string message, Exception? inner = null) : IOException(message, inner);

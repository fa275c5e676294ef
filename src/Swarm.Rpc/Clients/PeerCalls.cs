using System.Globalization;
using Grpc.Core;
using Swarm.Rpc.Consensus;
using Swarm.Rpc.Links;
using Swarm.Rpc.Wire;

namespace Swarm.Rpc.Clients;

/// <summary>
/// Consensus messages to other managers, by node id: small ones on a link where there is one, the others each as a call of its own. None is sent twice.
/// </summary>
public sealed class PeerCalls
{
    internal const string AddressHeader = "swarm-address";

    /// <summary>Node id of the manager that is meant: at its address another may be by now.</summary>
    internal const string RecipientHeader = "swarm-to";

    private const string RecoveriesHeader = "swarm-recoveries";

    private readonly RpcChannels _channels;
    private readonly PeerAddressBook _book;
    private readonly Func<PeerSelf> _self;
    private readonly Action<RpcFault> _refused;
    private readonly TimeSpan _timeout;

    /// <param name="self">Asked at every call.</param>
    /// <param name="outdated">Hears that another manager refuses this one for good: it was removed, or left behind when the cluster was recovered.</param>
    /// <param name="timeout">Of a call that its caller does not end sooner.</param>
    public PeerCalls(RpcChannels channels, PeerAddressBook book, Func<PeerSelf> self, Action<string> outdated, TimeSpan timeout)
    {
        (_channels, _book, _self, _timeout) = (channels, book, self, timeout);
        _refused = fault =>
        {
            // Only a manager can answer here, and for a manager's call it has no other reason to deny the permission than that it was removed.
            if (fault.Status is RpcStatus.Outdated or RpcStatus.PermissionDenied)
            {
                outdated(fault.Message);
            }
        };
    }

    /// <exception cref="PeerNotReachedException">The request was certainly not delivered.</exception>
    /// <exception cref="IOException">The peer did not answer, or refused; it may have received the request.</exception>
    public async Task<ReadOnlyMemory<byte>> CallAsync(string nodeId, ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        var key = new LinkKey(nodeId, _book.Find(nodeId) ?? throw new PeerNotReachedException($"the address of manager {nodeId} is not known"), _self());
        if (request.Length <= RpcLimits.MaxLinkedCall && _channels.Links.Find(key, _refused) is { } link && link.Begin(request) is { } call)
        {
            return await link.AnswerAsync(call, _timeout, _channels.Time, cancellation).ConfigureAwait(false);
        }

        try
        {
            var answer = await _channels.CallAsync(
                key.Address, RpcMethods.Consensus, new OpaqueBytes(request), _timeout, cancellation, Headers(key), consensus: true).ConfigureAwait(false);
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
            _refused(fault);
            throw new IOException($"manager {nodeId}: {fault.Message}", fault);
        }
    }

    /// <summary>What every call, and every link, says of its caller.</summary>
    internal static Metadata Headers(in LinkKey key) => new()
    {
        { AddressHeader, key.Self.Address },
        { RecipientHeader, key.NodeId },
        { RecoveriesHeader, key.Self.Recoveries.ToString(CultureInfo.InvariantCulture) },
    };

    internal static long? Recoveries(Metadata headers) =>
        long.TryParse(headers.GetValue(RecoveriesHeader), NumberStyles.None, CultureInfo.InvariantCulture, out var recoveries) ? recoveries : null;
}

/// <param name="Address">host:port at which this node is dialled; peers learn it from every call.</param>
/// <param name="Recoveries">How often the cluster was recovered, as this node's replica knows.</param>
public readonly record struct PeerSelf(string Address, long Recoveries);

/// <summary>There was no connection to carry the request, so it may be sent again.</summary>
public sealed class PeerNotReachedException(string message, Exception? inner = null) : IOException(message, inner);

using System.Runtime.CompilerServices;
using Grpc.Core;
using Swarm.Rpc.Wire;
using Swarm.Security;

namespace Swarm.Rpc.Clients;

/// <summary>
/// Connections to peers, one per address and purpose, as this node. When its certificate is renewed, new calls use new connections with the new
/// identity; calls in flight end on the old ones.
/// </summary>
public sealed class RpcChannels : IDisposable
{
    /// <summary>Peers that are kept connected.</summary>
    public const int MaxChannels = 2 * PeerAddressBook.MaxPeers;

    private readonly Lock _lock = new();
    private readonly NodeCredentials _credentials;
    private readonly TimeProvider _time;
    private readonly Dictionary<(string Address, bool Consensus), PeerChannel> _channels = [];

    public RpcChannels(NodeCredentials credentials, TimeProvider time)
    {
        _credentials = credentials;
        _time = time;
        credentials.Replaced += OnReplaced;
    }

    public void Dispose()
    {
        _credentials.Replaced -= OnReplaced;
        LetGoOfAll();
    }

    /// <param name="consensus">On a connection of its own, so that elections never queue behind bulk data.</param>
    /// <exception cref="RpcFault">The peer refused, or (<see cref="RpcStatus.Unavailable"/>) did not answer in time.</exception>
    internal async Task<TResponse> CallAsync<TRequest, TResponse>(
        string address, Method<TRequest, TResponse> method, TRequest request, TimeSpan timeout, CancellationToken cancellation, Metadata? headers = null, bool consensus = false)
        where TRequest : class where TResponse : class
    {
        var channel = Hold(address, consensus);
        try
        {
            return await UnaryCall.InvokeAsync(channel.Channel, address, method, request, timeout, _time, cancellation, headers).ConfigureAwait(false);
        }
        finally
        {
            channel.Release();
        }
    }

    /// <summary>The messages of a stream. The first must come within <paramref name="patience"/>.</summary>
    /// <inheritdoc cref="CallAsync"/>
    internal async IAsyncEnumerable<TResponse> StreamAsync<TRequest, TResponse>(
        string address, Method<TRequest, TResponse> method, TRequest request, TimeSpan patience, [EnumeratorCancellation] CancellationToken cancellation)
        where TRequest : class where TResponse : class
    {
        var channel = Hold(address, consensus: false);
        try
        {
            using var first = new CancellationTokenSource(patience, _time);
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation, first.Token);
            using var call = channel.Channel.CreateCallInvoker().AsyncServerStreamingCall(method, null, new CallOptions(cancellationToken: ends.Token), request);
            while (await MoveNextAsync(call.ResponseStream, address, patience, first.Token, cancellation).ConfigureAwait(false))
            {
                first.CancelAfter(Timeout.InfiniteTimeSpan);
                yield return call.ResponseStream.Current;
            }
        }
        finally
        {
            channel.Release();
        }
    }

    private static async Task<bool> MoveNextAsync<T>(IAsyncStreamReader<T> stream, string address, TimeSpan patience, CancellationToken timeout, CancellationToken cancellation)
    {
        try
        {
            return await stream.MoveNext(CancellationToken.None).ConfigureAwait(false);
        }
        catch (RpcException failure)
        {
            throw UnaryCall.Translate(failure, address, patience, timeout, cancellation);
        }
    }

    private PeerChannel Hold(string address, bool consensus)
    {
        lock (_lock)
        {
            if (_channels.TryGetValue((address, consensus), out var channel) && channel.TryHold())
            {
                return channel;
            }

            if (_channels.Count >= MaxChannels)
            {
                LetGoOfAll();
            }

            var connectTimeout = consensus ? RpcLimits.ConsensusConnectTimeout : RpcLimits.ConnectTimeout;
            channel = new PeerChannel(address, PeerTls.Client(_credentials.Current, _time), _time, connectTimeout, RpcLimits.MaxStreamMessageSize);
            channel.TryHold();
            _channels[(address, consensus)] = channel;
            return channel;
        }
    }

    /// <summary>
    /// New calls dial anew: this machine's address has changed, and what was connected from the old one waits for answers that cannot come.
    /// </summary>
    public void Reconnect() => LetGoOfAll();

    private void OnReplaced(NodeCertificate certificate) => LetGoOfAll();

    private void LetGoOfAll()
    {
        lock (_lock)
        {
            foreach (var channel in _channels.Values)
            {
                channel.Release();
            }

            _channels.Clear();
        }
    }
}

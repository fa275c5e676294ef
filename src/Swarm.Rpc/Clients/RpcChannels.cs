using System.Runtime.CompilerServices;
using Grpc.Core;
using Swarm.Rpc.Links;
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

    /// <summary>Nodes that are asked about their tasks at once.</summary>
    public const int MaxNodes = 4096;

    private readonly Lock _lock = new();
    private readonly NodeCredentials _credentials;
    private readonly TimeProvider _time;
    private readonly Dictionary<(string Address, bool Consensus), PeerChannel> _channels = [];

    // Only while they are used.
    private readonly Dictionary<(string Address, string NodeId), PeerChannel> _nodes = [];

    public RpcChannels(NodeCredentials credentials, TimeProvider time)
    {
        _credentials = credentials;
        _time = time;
        Links = new PeerLinks(address => Hold(address, consensus: true), time);
        credentials.Replaced += OnReplaced;
    }

    /// <summary>To managers; on the connections of the consensus.</summary>
    internal PeerLinks Links { get; }

    internal TimeProvider Time => _time;

    /// <summary>Where a peer's address is dialled, if elsewhere than there.</summary>
    public Func<string, string> DialledAs { get; init; } = static address => address;

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

    /// <summary>As <see cref="CallAsync"/>, of the one node that may answer.</summary>
    internal async Task<TResponse> CallNodeAsync<TRequest, TResponse>(
        string address, string nodeId, Method<TRequest, TResponse> method, TRequest request, TimeSpan timeout, CancellationToken cancellation)
        where TRequest : class where TResponse : class
    {
        var channel = HoldNode(address, nodeId);
        try
        {
            return await UnaryCall.InvokeAsync(channel.Channel, address, method, request, timeout, _time, cancellation).ConfigureAwait(false);
        }
        finally
        {
            LetGo(channel, address, nodeId);
        }
    }

    /// <summary>The messages of a stream. The first must come within <paramref name="patience"/>.</summary>
    /// <param name="nodeId">The one node that may answer; null: a manager.</param>
    /// <inheritdoc cref="CallAsync"/>
    internal IAsyncEnumerable<TResponse> StreamAsync<TRequest, TResponse>(
        string address, Method<TRequest, TResponse> method, TRequest request, TimeSpan patience, CancellationToken cancellation, string? nodeId = null)
        where TRequest : class where TResponse : class =>
        ReceiveAsync(
            address,
            nodeId,
            (invoker, options) =>
            {
                var call = invoker.AsyncServerStreamingCall(method, null, options, request);
                return (call, call.ResponseStream);
            },
            patience,
            cancellation);

    /// <summary>The messages of a stream that has another beside it: <paramref name="requests"/> are sent as they come, and their end is told.</summary>
    /// <inheritdoc cref="StreamAsync"/>
    internal async IAsyncEnumerable<TResponse> DuplexAsync<TRequest, TResponse>(
        string address, Method<TRequest, TResponse> method, IAsyncEnumerable<TRequest> requests, TimeSpan patience, string nodeId, [EnumeratorCancellation] CancellationToken cancellation)
        where TRequest : class where TResponse : class
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var sending = Task.CompletedTask;
        try
        {
            var responses = ReceiveAsync(
                address,
                nodeId,
                (invoker, options) =>
                {
                    var call = invoker.AsyncDuplexStreamingCall(method, null, options);
                    sending = SendAsync(call.RequestStream, requests, ends.Token);
                    return (call, call.ResponseStream);
                },
                patience,
                cancellation);
            await foreach (var response in responses.ConfigureAwait(false))
            {
                yield return response;
            }
        }
        finally
        {
            await ends.CancelAsync().ConfigureAwait(false);
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task SendAsync<T>(IClientStreamWriter<T> stream, IAsyncEnumerable<T> requests, CancellationToken cancellation)
    {
        await foreach (var request in requests.WithCancellation(cancellation).ConfigureAwait(false))
        {
            await stream.WriteAsync(request, cancellation).ConfigureAwait(false);
        }

        await stream.CompleteAsync().ConfigureAwait(false);
    }

    private async IAsyncEnumerable<TResponse> ReceiveAsync<TResponse>(
        string address,
        string? nodeId,
        Func<CallInvoker, CallOptions, (IDisposable Call, IAsyncStreamReader<TResponse> Responses)> start,
        TimeSpan patience,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var channel = nodeId is null ? Hold(address, consensus: false) : HoldNode(address, nodeId);
        try
        {
            using var first = new CancellationTokenSource(patience, _time);
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation, first.Token);
            var (call, responses) = start(channel.Channel.CreateCallInvoker(), new CallOptions(cancellationToken: ends.Token));
            using (call)
            {
                while (await MoveNextAsync(responses, address, patience, first.Token, cancellation).ConfigureAwait(false))
                {
                    first.CancelAfter(Timeout.InfiniteTimeSpan);
                    yield return responses.Current;
                }
            }
        }
        finally
        {
            LetGo(channel, address, nodeId);
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
            channel = new PeerChannel(DialledAs(address), PeerTls.Client(_credentials.Current, _time), _time, connectTimeout, RpcLimits.MaxStreamMessageSize);
            channel.TryHold();
            _channels[(address, consensus)] = channel;
            return channel;
        }
    }

    /// <summary>Nodes are many and are asked seldom: their connections are shared, but not kept.</summary>
    private PeerChannel HoldNode(string address, string nodeId)
    {
        lock (_lock)
        {
            if (_nodes.TryGetValue((address, nodeId), out var channel) && channel.TryHold())
            {
                return channel;
            }

            if (_nodes.Count >= MaxNodes)
            {
                throw new RpcFault(RpcStatus.Unavailable, $"{MaxNodes} nodes are being asked already");
            }

            channel = new PeerChannel(DialledAs(address), PeerTls.ClientOf(nodeId, _credentials.Current, _time), _time, RpcLimits.ConnectTimeout, RpcLimits.MaxStreamMessageSize);
            channel.TryHold();
            _nodes[(address, nodeId)] = channel;
            return channel;
        }
    }

    private void LetGo(PeerChannel channel, string address, string? nodeId)
    {
        lock (_lock)
        {
            channel.Release();
            if (nodeId is not null && channel.IsIdle && _nodes.TryGetValue((address, nodeId), out var current) && current == channel)
            {
                _nodes.Remove((address, nodeId));
                channel.Release();
            }
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
            foreach (var channel in _channels.Values.Concat(_nodes.Values))
            {
                channel.Release();
            }

            _channels.Clear();
            _nodes.Clear();
        }

        Links.Retire();
    }
}

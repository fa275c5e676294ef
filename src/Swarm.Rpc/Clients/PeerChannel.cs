using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using Grpc.Net.Client;

namespace Swarm.Rpc.Clients;

/// <summary>One HTTP/2 connection to a peer, made when first needed. Counted: it closes when the pool and the last call have let go.</summary>
internal sealed class PeerChannel
{
    private readonly GrpcChannel _channel;
    private int _holders = 1;

    internal PeerChannel(string address, SslClientAuthenticationOptions tls, TimeProvider time, TimeSpan connectTimeout, int maxReceiveSize, TimeSpan? dialTimeout = null)
    {
        var endpoint = PeerAddress.ToDial(address);
        var handler = new SocketsHttpHandler
        {
            SslOptions = tls,
            UseProxy = false,
            ConnectTimeout = dialTimeout ?? RpcLimits.DialTimeout,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            KeepAlivePingDelay = RpcLimits.PingDelay,
            KeepAlivePingTimeout = RpcLimits.PingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.Always,
            ConnectCallback = async (context, cancellation) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                using var timeout = new CancellationTokenSource(connectTimeout, time);
                using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
                try
                {
                    await socket.ConnectAsync(context.DnsEndPoint, ends.Token).ConfigureAwait(false);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch (OperationCanceledException) when (timeout.IsCancellationRequested)
                {
                    socket.Dispose();
                    throw new IOException(string.Create(CultureInfo.InvariantCulture, $"no connection within {connectTimeout.TotalSeconds:0.#} s"));
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        _channel = GrpcChannel.ForAddress("https://" + PeerAddress.Join(endpoint.Host, endpoint.Port), new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = maxReceiveSize,
            MaxSendMessageSize = RpcLimits.MaxCallSize,
            MaxRetryAttempts = null,
            // Left off: with it, a stream that cannot connect looks cancelled.
            ThrowOperationCanceledOnCancellation = false,
        });
    }

    internal GrpcChannel Channel => _channel;

    /// <summary>Nobody but the pool holds it.</summary>
    internal bool IsIdle => Volatile.Read(ref _holders) == 1;

    /// <summary>False if the channel has closed meanwhile.</summary>
    internal bool TryHold()
    {
        var holders = Volatile.Read(ref _holders);
        while (holders > 0)
        {
            var seen = Interlocked.CompareExchange(ref _holders, holders + 1, holders);
            if (seen == holders)
            {
                return true;
            }

            holders = seen;
        }

        return false;
    }

    internal void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            _channel.Dispose();
        }
    }
}

using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Swarm.Linux;

namespace Swarm.Api.Http;

internal static class HijackConnections
{
    internal static void UseHijack(this ListenOptions listen, TimeProvider time) => listen.Use(next => async connection =>
    {
        using var hijackable = new HijackConnection(connection, time);
        await next(hijackable).ConfigureAwait(false);
    });
}

/// <summary>
/// Stands between the socket and HTTP. Once taken over, HTTP neither hears that the client closed its sending half nor can it abort what is
/// still to be sent; Kestrel closes the socket, after everything was sent, when HTTP has returned.
/// </summary>
internal sealed class HijackConnection : ConnectionContext, IDisposable
{
    private readonly ConnectionContext _socket;
    private readonly CancellationTokenSource _httpClosed = new();
    private readonly CancellationTokenRegistration _registration;
    private volatile bool _taken;

    /// <summary>How often a client that said that it will send no more is looked at, whether it still listens: the kernel tells it to nobody.</summary>
    private static readonly TimeSpan ListenerCheck = TimeSpan.FromMilliseconds(500);
    private readonly CancellationTokenSource _over = new();
    private readonly TimeProvider _time;

    internal HijackConnection(ConnectionContext socket, TimeProvider time)
    {
        (_socket, _time) = (socket, time);
        ConnectionClosed = _httpClosed.Token;
        Features.Set(this);
        _registration = socket.ConnectionClosed.UnsafeRegister(static state => ((HijackConnection)state!).SocketClosed(), this);
    }

    internal bool IsTaken => _taken;

    /// <summary>What bytes go through as they are; null if they are encrypted on the way.</summary>
    internal Socket? PlainSocket =>
        Features.Get<ITlsConnectionFeature>() is null ? Features.Get<IConnectionSocketFeature>()?.Socket : null;

    public override string ConnectionId
    {
        get => _socket.ConnectionId;
        set => _socket.ConnectionId = value;
    }

    public override IFeatureCollection Features => _socket.Features;

    public override IDictionary<object, object?> Items
    {
        get => _socket.Items;
        set => _socket.Items = value;
    }

    public override IDuplexPipe Transport
    {
        get => _socket.Transport;
        set => _socket.Transport = value;
    }

    public override CancellationToken ConnectionClosed { get; set; }

    public override EndPoint? LocalEndPoint
    {
        get => _socket.LocalEndPoint;
        set => _socket.LocalEndPoint = value;
    }

    public override EndPoint? RemoteEndPoint
    {
        get => _socket.RemoteEndPoint;
        set => _socket.RemoteEndPoint = value;
    }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        if (!_taken)
        {
            _socket.Abort(abortReason);
        }
    }

    public void Dispose()
    {
        _registration.Dispose();
        _over.Cancel();
        _over.Dispose();
        _httpClosed.Dispose();
    }

    internal HijackedStream Take()
    {
        _taken = true;
        return new HijackedStream(_socket.Transport);
    }

    /// <summary>The client sends no more. HTTP would take it for gone; but it may have closed its sending half only, and waits for the answer.</summary>
    private void SocketClosed()
    {
        if (_taken)
        {
            return;
        }

        if (PlainSocket is { AddressFamily: AddressFamily.Unix } socket)
        {
            _ = WatchListenerAsync(socket);
        }
        else
        {
            // Of a TCP connection nobody can say whether the other end still listens.
            _httpClosed.Cancel();
        }
    }

    private async Task WatchListenerAsync(Socket socket)
    {
        try
        {
            while (!LocalSocket.IsHungUp(socket.SafeHandle))
            {
                await Task.Delay(ListenerCheck, _time, _over.Token).ConfigureAwait(false);
            }

            await _httpClosed.CancelAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The connection is over.
        }
    }
}

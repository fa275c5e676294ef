using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Swarm.Api.Http;

internal interface IHijackableConnection
{
    HijackedStream Take();
}

internal static class HijackConnection
{
    /// <summary>Stands between the socket and HTTP, so that after a takeover HTTP does not hear that the client closed its sending half.</summary>
    internal static void UseHijack(this ListenOptions listen) => listen.Use(next => async connection =>
    {
        using var hijackable = new Hijackable(connection);
        await next(connection).ConfigureAwait(false);
    });

    private sealed class Hijackable : IHijackableConnection, IDisposable
    {
        private readonly ConnectionContext _connection;
        private readonly CancellationToken _socketClosed;
        private readonly CancellationTokenSource _httpClosed = new();
        private readonly CancellationTokenRegistration _registration;
        private int _taken;

        internal Hijackable(ConnectionContext connection)
        {
            _connection = connection;
            _socketClosed = connection.ConnectionClosed;
            connection.ConnectionClosed = _httpClosed.Token;
            connection.Features.Set<IHijackableConnection>(this);
            _registration = _socketClosed.UnsafeRegister(static state => ((Hijackable)state!).SocketClosed(), this);
        }

        public HijackedStream Take()
        {
            Interlocked.Exchange(ref _taken, 1);
            return new HijackedStream(_connection.Transport, _socketClosed);
        }

        public void Dispose()
        {
            _registration.Dispose();
            _httpClosed.Dispose();
        }

        private void SocketClosed()
        {
            if (Volatile.Read(ref _taken) == 0)
            {
                _httpClosed.Cancel();
            }
        }
    }
}

using System.Net;
using System.Net.Sockets;

namespace Swarm.Rpc.Tests;

/// <summary>Forwards one port to another until it is frozen: then nothing passes, and nobody is told, as when a cable is cut.</summary>
internal sealed class FreezableProxy : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _frozen = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<TcpClient> _clients = [];
    private readonly Task _accepting;

    internal FreezableProxy(string target)
    {
        _listener.Start();
        _accepting = AcceptAsync(IPEndPoint.Parse(target));
    }

    internal string Address => _listener.LocalEndpoint.ToString()!;

    internal void Freeze() => _frozen.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        _clients.ForEach(client => client.Dispose());
        await Assert.ThrowsAnyAsync<Exception>(() => _accepting);
        _stop.Dispose();
    }

    private async Task AcceptAsync(IPEndPoint target)
    {
        while (true)
        {
            var near = await _listener.AcceptTcpClientAsync(_stop.Token);
            var far = new TcpClient();
            _clients.AddRange([near, far]);
            await far.ConnectAsync(target, _stop.Token);
            _ = PumpAsync(near, far);
            _ = PumpAsync(far, near);
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to)
    {
        var buffer = new byte[16 << 10];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, _stop.Token) is var read and > 0)
            {
                if (_frozen.Task.IsCompleted)
                {
                    return;
                }

                await to.GetStream().WriteAsync(buffer.AsMemory(0, read), _stop.Token);
            }

            to.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // One end is gone.
        }
    }
}

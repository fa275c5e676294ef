using System.Net;
using System.Net.Sockets;
using Swarm.Linux;

namespace Swarm.Networking.Tests.Networks;

/// <summary>A server of both families that says one byte to each client, and a client of it.</summary>
internal static class Echo
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static Task<IAsyncDisposable> ServeAsync(Topology net, string container, int port)
    {
        using var ns = net.Open(container);
        var listener = ns.Run(() =>
        {
            var both = TcpListener.Create(port);
            both.Start();
            return both;
        });
        return Task.FromResult<IAsyncDisposable>(new Server(listener));
    }

    public static async Task<bool> AnswersAsync(Topology net, string container, string address, int port)
    {
        using var ns = net.Open(container);
        return await AnswersAsync(ns, address, port);
    }

    public static async Task<bool> AnswersAsync(NetworkNamespace from, string address, int port)
    {
        var target = IPAddress.Parse(address);
        using var deadline = new CancellationTokenSource(Patience);
        using var socket = from.Run(() => new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        try
        {
            await socket.ConnectAsync(new IPEndPoint(target, port), deadline.Token);
            return await socket.ReceiveAsync(new byte[1], deadline.Token) == 1;
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    private sealed class Server(TcpListener listener) : IAsyncDisposable
    {
        private readonly Task loop = Loop(listener);

        public async ValueTask DisposeAsync()
        {
            listener.Dispose();
            await loop;
        }

        private static async Task Loop(TcpListener listener)
        {
            try
            {
                while (true)
                {
                    using var client = await listener.AcceptSocketAsync();
                    await client.SendAsync(new byte[1]);
                }
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }
    }
}

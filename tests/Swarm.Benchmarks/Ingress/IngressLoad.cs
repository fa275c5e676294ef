using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Swarm.Linux;

namespace Swarm.Benchmarks.Ingress;

/// <summary>
/// HTTP requests at a fixed rate, whether or not earlier ones are answered, to the published port of all nodes in turn, each by a connection of its own, by a client
/// outside of the cluster. Nothing that fails is asked again.
/// </summary>
internal sealed class IngressLoad : IAsyncDisposable
{
    public const int Rate = 500;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    private readonly NetworkNamespace _outside;
    private readonly ConcurrentQueue<Socket> _sockets = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _sending;
    private readonly ConcurrentBag<Task> _requests = [];

    /// <param name="nodes">Name and address. The path that is asked for is the node's name, so that the server's log tells it.</param>
    public IngressLoad(string outsideNamespace, IReadOnlyList<(string Name, IPAddress Address)> nodes, int port)
    {
        _outside = NetworkNamespace.Open(outsideNamespace);
        _sending = Task.Run(() => SendAsync(nodes, port));
    }

    public ConcurrentQueue<Answered> All { get; } = new();

    /// <param name="At">Timestamp of its beginning.</param>
    /// <param name="Error">Null: it was answered.</param>
    public sealed record Answered(string Node, long At, double Milliseconds, string? Error);

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _sending;
        await Task.WhenAll(_requests);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        while (_sockets.TryDequeue(out var unused))
        {
            unused.Dispose();
        }

        _outside.Dispose();
        _stop.Dispose();
    }

    private async Task SendAsync(IReadOnlyList<(string Name, IPAddress Address)> nodes, int port)
    {
        using var timer = new PeriodicTimer(Tick);
        var start = Stopwatch.GetTimestamp();
        for (var sent = 0; ; await timer.WaitForNextTickAsync())
        {
            if (_stop.IsCancellationRequested)
            {
                return;
            }

            for (var due = (int)(Stopwatch.GetElapsedTime(start).TotalSeconds * Rate); sent < due; sent++)
            {
                var (name, address) = nodes[sent % nodes.Count];
                _requests.Add(AskAsync(Take(), name, new IPEndPoint(address, port)));
            }
        }
    }

    /// <summary>Many at once: entering the namespace costs more than a socket.</summary>
    private Socket Take()
    {
        const int batch = 256;
        if (_sockets.TryDequeue(out var socket))
        {
            return socket;
        }

        _outside.Run(() =>
        {
            for (var i = 0; i < batch; i++)
            {
                _sockets.Enqueue(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            }
        });
        return Take();
    }

    private async Task AskAsync(Socket socket, string name, IPEndPoint server)
    {
        var at = Stopwatch.GetTimestamp();
        string? error = null;
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await socket.ConnectAsync(server, limit.Token);
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET /{name} HTTP/1.0\r\n\r\n"), limit.Token);
            using var reader = new StreamReader(stream, Encoding.ASCII);
            var answer = await reader.ReadToEndAsync(limit.Token);
            error = answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal) || answer.StartsWith("HTTP/1.0 200", StringComparison.Ordinal) ? null : $"answered '{answer.Split('\r')[0]}'";
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            error = e is OperationCanceledException ? "no answer in time" : e.Message;
            socket.Dispose();
        }

        All.Enqueue(new Answered(name, at, Stopwatch.GetElapsedTime(at).TotalMilliseconds, error));
    }
}

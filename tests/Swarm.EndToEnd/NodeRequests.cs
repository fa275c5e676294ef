using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Swarm.Linux;

namespace Swarm.EndToEnd;

/// <summary>HTTP requests from within a node's network, each by a connection of its own.</summary>
public sealed class NodeRequests(string namespaceFile) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly NetworkNamespace _space = NetworkNamespace.Open(namespaceFile);

    /// <summary>What the server says; throws what went wrong.</summary>
    public async Task<string> GetAsync(string address, int port, string path)
    {
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = _space.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
                try
                {
                    await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(address), port), cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        using var client = new HttpClient(handler) { Timeout = Limit };
        client.DefaultRequestHeaders.ConnectionClose = true;
        return (await client.GetStringAsync(new Uri($"http://{address}:{port}{path}"))).Trim();
    }

    public void Dispose() => _space.Dispose();
}

/// <summary>Requests to all of some addresses in turn, some at once, until it is stopped; nothing that fails is asked again.</summary>
public sealed class RequestLoad : IAsyncDisposable
{
    private const int AtOnce = 4;
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _clients;
    private int _answered;

    public RequestLoad(NodeRequests from, IReadOnlyList<string> addresses, int port, string path) => _clients =
    [
        .. Enumerable.Range(0, AtOnce).Select(client => Task.Run(async () =>
        {
            for (var turn = client; !_stop.IsCancellationRequested; turn++)
            {
                var address = addresses[turn % addresses.Count];
                try
                {
                    await from.GetAsync(address, port, path);
                    Interlocked.Increment(ref _answered);
                }
                catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
                {
                    Failures.Add($"{address}: {failure.InnerException?.Message ?? failure.Message}");
                }

                await Task.Delay(Between);
            }
        })),
    ];

    public int Answered => Volatile.Read(ref _answered);

    public ConcurrentBag<string> Failures { get; } = [];

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }
}

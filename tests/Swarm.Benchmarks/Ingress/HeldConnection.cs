using System.Net;
using System.Net.Sockets;
using System.Text;
using Swarm.Linux;

namespace Swarm.Benchmarks.Ingress;

/// <summary>A connection to a backend that has said which node it is on, and answers once more when it is told to.</summary>
internal sealed class HeldConnection : IDisposable
{
    private const string Word = "still";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private readonly Socket _socket;

    private HeldConnection(Socket socket, string node) => (_socket, Node) = (socket, node);

    /// <summary>Where its backend runs.</summary>
    public string Node { get; }

    public static async Task<HeldConnection> OpenAsync(NetworkNamespace outside, IPEndPoint server)
    {
        var socket = outside.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        using var limit = new CancellationTokenSource(Limit);
        await socket.ConnectAsync(server, limit.Token);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"POST /hold HTTP/1.0\r\nContent-Length: {Word.Length}\r\n\r\n"), limit.Token);
        var text = "";
        while (!text.EndsWith('\n') || text.Split('\n')[^2].Trim().Length == 0 || text.Split('\n')[^2].Contains("HTTP", StringComparison.Ordinal))
        {
            text += await ReadAsync(socket, limit.Token);
        }

        return new HeldConnection(socket, text.Split('\n')[^2].Trim());
    }

    /// <summary>The backend still answers.</summary>
    public async Task<bool> AnswersAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await _socket.SendAsync(Encoding.ASCII.GetBytes(Word), limit.Token);
            return await ReadAsync(_socket, limit.Token) == Word;
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            return false;
        }
    }

    public void Dispose() => _socket.Dispose();

    /// <exception cref="IOException">The connection has ended.</exception>
    private static async Task<string> ReadAsync(Socket socket, CancellationToken cancellation)
    {
        var buffer = new byte[1024];
        var read = await socket.ReceiveAsync(buffer, cancellation);
        return read > 0 ? Encoding.ASCII.GetString(buffer, 0, read) : throw new IOException("the server has ended the connection");
    }
}

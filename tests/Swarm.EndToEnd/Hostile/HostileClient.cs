using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Swarm.EndToEnd.Hostile;

/// <param name="Status">0: nothing, or nothing that is HTTP, came.</param>
/// <param name="Text">What came, or its beginning.</param>
internal sealed record HostileAnswer(int Status, string Text, bool TimedOut)
{
    public bool IsJson => Text.Contains("Content-Type: application/json", StringComparison.Ordinal);
}

/// <summary>Sends one request over a connection of its own and reads the beginning of the answer.</summary>
internal static partial class HostileClient
{
    /// <summary>Who answers later hangs, also on a machine that is busy.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>For what may stay silent.</summary>
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    public static async Task<HostileAnswer> SendAsync(string path, HostileRequest request)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
        using var limit = new CancellationTokenSource(request.MayStaySilent ? Glance : Patience);
        var received = new MemoryStream();
        try
        {
            // Both at once: a server that answers before it has read all is not to be blocked by us.
            var writing = WriteAsync(socket, request, limit.Token);
            if (request.Leaves)
            {
                await writing;
                return new HostileAnswer(0, "", false);
            }

            await ReadAsync(socket, request.IsHead, received, limit.Token);
            await writing;
        }
        catch (OperationCanceledException)
        {
            return Parse(received, timedOut: true);
        }
        catch (SocketException)
        {
            // The server closed: what it said before counts.
        }

        return Parse(received, timedOut: false);
    }

    private static async Task WriteAsync(Socket socket, HostileRequest request, CancellationToken cancellation)
    {
        try
        {
            var half = request.Slow ? request.Head.Length / 2 : request.Head.Length;
            await SendAllAsync(socket, request.Head.AsMemory(0, half), cancellation);
            if (request.Slow)
            {
                await Task.Delay(Pause, cancellation);
                await SendAllAsync(socket, request.Head.AsMemory(half), cancellation);
                await Task.Delay(Pause, cancellation);
            }

            await SendAllAsync(socket, request.Body, cancellation);
            if (request.HalfClose)
            {
                socket.Shutdown(SocketShutdown.Send);
            }
        }
        catch (SocketException)
        {
            // Refused before it was whole: the answer says why.
        }
    }

    private static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await socket.SendAsync(bytes, cancellation)..];
        }
    }

    /// <summary>Until the answer is whole as far as its length says, or enough to judge it by. A HEAD's length is that of a body which does not come.</summary>
    private static async Task ReadAsync(Socket socket, bool isHead, MemoryStream received, CancellationToken cancellation)
    {
        const int enough = 16 * 1024;
        var buffer = new byte[4096];
        while (received.Length < enough)
        {
            var count = await socket.ReceiveAsync(buffer, cancellation);
            if (count == 0)
            {
                return;
            }

            received.Write(buffer, 0, count);
            var text = Encoding.Latin1.GetString(received.GetBuffer(), 0, (int)received.Length);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0 && (isHead || LengthPattern().Match(text[..end]) is not { Success: true } length || received.Length >= end + 4 + long.Parse(length.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)))
            {
                return;
            }
        }
    }

    private static HostileAnswer Parse(MemoryStream received, bool timedOut)
    {
        var text = Encoding.UTF8.GetString(received.GetBuffer(), 0, (int)received.Length);
        var status = StatusPattern().Match(text);
        return new HostileAnswer(status.Success ? int.Parse(status.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture) : 0, text, timedOut);
    }

    [GeneratedRegex(@"^HTTP/1\.1 (\d{3}) ")]
    private static partial Regex StatusPattern();

    [GeneratedRegex(@"Content-Length: (\d+)", RegexOptions.IgnoreCase)]
    private static partial Regex LengthPattern();
}

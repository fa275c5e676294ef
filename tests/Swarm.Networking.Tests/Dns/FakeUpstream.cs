using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Swarm.Linux;

namespace Swarm.Networking.Tests.Dns;

/// <summary>A name server of the world: every name is at 198.51.100.7.</summary>
internal sealed class FakeUpstream : IDisposable
{
    private readonly ConcurrentQueue<string> heard = new();
    private readonly UdpClient udp;
    private readonly TcpListener tcp;
    private readonly byte code;

    public FakeUpstream(NetworkNamespace ns, string address, byte code = 0)
    {
        this.code = code;
        var at = new IPEndPoint(IPAddress.Parse(address), 53);
        (udp, tcp) = ns.Run(() =>
        {
            var listener = new TcpListener(at);
            listener.Start();
            return (new UdpClient(at), listener);
        });
        _ = ServeDatagramsAsync();
        _ = ServeConnectionsAsync();
    }

    /// <summary>Protocol and name, one each.</summary>
    public IReadOnlyList<string> Heard => [.. heard];

    public void Dispose()
    {
        udp.Dispose();
        tcp.Dispose();
    }

    private async Task ServeDatagramsAsync()
    {
        try
        {
            while (true)
            {
                var question = await udp.ReceiveAsync();
                await udp.SendAsync(Answer(question.Buffer, "udp"), question.RemoteEndPoint);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeConnectionsAsync()
    {
        try
        {
            while (true)
            {
                using var client = await tcp.AcceptTcpClientAsync();
                var stream = client.GetStream();
                var length = new byte[2];
                await stream.ReadExactlyAsync(length);
                var question = new byte[(length[0] << 8) | length[1]];
                await stream.ReadExactlyAsync(question);
                var answer = Answer(question, "tcp");
                await stream.WriteAsync((byte[])[(byte)(answer.Length >> 8), (byte)answer.Length, .. answer]);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private byte[] Answer(byte[] question, string protocol)
    {
        var labels = new List<string>();
        for (var at = 12; question[at] != 0; at += 1 + question[at])
        {
            labels.Add(Encoding.ASCII.GetString(question, at + 1, question[at]));
        }

        heard.Enqueue($"{protocol} {string.Join('.', labels)}");
        byte[] answer = [.. question, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 51, 100, 7];
        (answer[2], answer[3], answer[7]) = (0x81, (byte)(0x80 | code), 1);
        return answer;
    }
}

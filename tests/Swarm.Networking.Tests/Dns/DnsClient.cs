using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Swarm.Linux;

namespace Swarm.Networking.Tests.Dns;

/// <summary>A client of 127.0.0.11 as a container has one, written apart from the server's own reading and writing.</summary>
internal static class DnsClient
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    /// <summary>The records' data as text; SERVFAIL and the like for a refusal.</summary>
    public static async Task<string[]> AskAsync(NetworkNamespace ns, string name, RecordType type, bool tcp)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        using var socket = ns.Run(() => new Socket(AddressFamily.InterNetwork, tcp ? SocketType.Stream : SocketType.Dgram, tcp ? ProtocolType.Tcp : ProtocolType.Udp));
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse("127.0.0.11"), 53), deadline.Token);
        var question = Question(name, type);
        var buffer = new byte[4096];
        if (!tcp)
        {
            await socket.SendAsync(question, deadline.Token);
            return Read(buffer.AsSpan(0, await socket.ReceiveAsync(buffer, deadline.Token)), question);
        }

        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync((byte[])[(byte)(question.Length >> 8), (byte)question.Length, .. question], deadline.Token);
        await stream.ReadExactlyAsync(buffer.AsMemory(0, 2), deadline.Token);
        var length = BinaryPrimitives.ReadUInt16BigEndian(buffer);
        await stream.ReadExactlyAsync(buffer.AsMemory(0, length), deadline.Token);
        return Read(buffer.AsSpan(0, length), question);
    }

    public static byte[] Question(string name, RecordType type)
    {
        var bytes = new List<byte> { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
        foreach (var label in name.Split('.'))
        {
            bytes.Add((byte)label.Length);
            bytes.AddRange(Encoding.ASCII.GetBytes(label));
        }

        bytes.AddRange([0, 0, (byte)type, 0, 1]);
        return [.. bytes];
    }

    private static string[] Read(ReadOnlySpan<byte> answer, byte[] question)
    {
        Assert.Equal(question[..2], answer[..2].ToArray());
        Assert.True((answer[2] & 0x80) != 0, "not an answer");
        if ((answer[3] & 0x0f) is var code && code != 0)
        {
            return [code switch { 2 => "SERVFAIL", 3 => "NXDOMAIN", 5 => "REFUSED", _ => $"code {code}" }];
        }

        var at = question.Length;
        var records = new string[BinaryPrimitives.ReadUInt16BigEndian(answer[6..])];
        for (var i = 0; i < records.Length; i++)
        {
            Assert.Equal(0xc0, answer[at]); // all records are of the name that was asked for
            var type = BinaryPrimitives.ReadUInt16BigEndian(answer[(at + 2)..]);
            var length = BinaryPrimitives.ReadUInt16BigEndian(answer[(at + 10)..]);
            var data = answer.Slice(at + 12, length);
            records[i] = type == 12 ? Name(data) : new IPAddress(data).ToString();
            at += 12 + length;
        }

        return records;
    }

    private static string Name(ReadOnlySpan<byte> data)
    {
        var labels = new List<string>();
        for (var at = 0; data[at] != 0; at += 1 + data[at])
        {
            labels.Add(Encoding.ASCII.GetString(data.Slice(at + 1, data[at])));
        }

        return string.Join('.', labels);
    }
}

internal enum RecordType : byte
{
    A = 1,
    Ptr = 12,
    Mx = 15,
    Aaaa = 28,
}

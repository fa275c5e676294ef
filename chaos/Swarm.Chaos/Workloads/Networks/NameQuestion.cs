using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Swarm.Linux;

namespace Swarm.Chaos.Workloads.Networks;

/// <summary>Asks a container's name server for a name's IPv4 addresses (RFC 1035), as a resolver in the container would.</summary>
internal static class NameQuestion
{
    private const int HeaderBytes = 12, TypeA = 1, NameError = 3, LargestAnswer = 4096;
    private static readonly IPEndPoint Server = new(IPAddress.Parse("127.0.0.11"), 53);

    /// <returns>Empty: nobody is called so, or has no such address.</returns>
    /// <exception cref="IOException">The server refuses.</exception>
    public static async Task<IReadOnlyList<string>> AskAsync(NetworkNamespace space, string name, ushort id, CancellationToken cancellation)
    {
        using var socket = space.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        await socket.ConnectAsync(Server, cancellation);
        var question = Question(name, id);
        await socket.SendAsync(question, cancellation);
        var buffer = new byte[LargestAnswer];
        return Read(buffer.AsSpan(0, await socket.ReceiveAsync(buffer, cancellation)), question);
    }

    internal static byte[] Question(string name, ushort id) =>
    [
        (byte)(id >> 8), (byte)id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0,
        .. name.Split('.').SelectMany(label => Encoding.ASCII.GetBytes(label).Prepend((byte)label.Length)), 0, 0, TypeA, 0, 1,
    ];

    internal static IReadOnlyList<string> Read(ReadOnlySpan<byte> answer, byte[] question)
    {
        if (answer.Length < question.Length || !answer[..2].SequenceEqual(question.AsSpan(0, 2)) || !answer[HeaderBytes..question.Length].SequenceEqual(question.AsSpan(HeaderBytes)))
        {
            throw new IOException("the name server answered another question");
        }

        var code = answer[3] & 0x0f;
        if (code is not (0 or NameError))
        {
            throw new IOException($"the name server refuses with code {code}");
        }

        var addresses = new List<string>();
        var at = question.Length;
        for (var left = code == 0 ? BinaryPrimitives.ReadUInt16BigEndian(answer[6..]) : 0; left > 0; left--)
        {
            // The record's name is a pointer to the question.
            var length = BinaryPrimitives.ReadUInt16BigEndian(answer[(at + 10)..]);
            if (BinaryPrimitives.ReadUInt16BigEndian(answer[(at + 2)..]) == TypeA)
            {
                addresses.Add(new IPAddress(answer.Slice(at + 12, length)).ToString());
            }

            at += 12 + length;
        }

        return addresses;
    }
}

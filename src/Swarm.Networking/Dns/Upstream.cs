using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Swarm.Linux;

namespace Swarm.Networking.Dns;

/// <summary>Asks the servers that a container would ask without us, one after the other, each question by a socket of its own.</summary>
/// <param name="inside">Where the container's servers are asked from.</param>
/// <param name="outside">Where the host's own servers are asked from.</param>
internal sealed class Upstream(ResolverSettings settings, NetworkNamespace inside, NetworkNamespace outside, TimeProvider time)
{
    /// <summary>At once, for one container; a question beyond is answered with a failure.</summary>
    private const int MostQuestions = 256;

    private const int Port = 53, LargestDatagram = 4096;

    /// <summary>For a server that is not the only one: clients ask again after 5 s.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly (IPAddress Server, NetworkNamespace From)[] servers =
        [.. settings.Servers.Select(server => (server, inside)), .. settings.HostServers.Select(server => (server, outside))];

    private int questions;

    /// <returns>Null: nobody answers.</returns>
    public async Task<byte[]?> AskAsync(DnsQuery query, bool stream, CancellationToken cancellation)
    {
        if (Interlocked.Increment(ref questions) > MostQuestions)
        {
            Interlocked.Decrement(ref questions);
            return null;
        }

        try
        {
            byte[]? last = null;
            foreach (var (server, from) in servers)
            {
                var answer = await AskOneAsync(server, from, query, stream, cancellation);
                if (answer is not null && (DnsCode)(answer[3] & 0x0f) is not (DnsCode.ServerFailure or DnsCode.Refused))
                {
                    return answer;
                }

                last = answer ?? last;
            }

            return last;
        }
        finally
        {
            Interlocked.Decrement(ref questions);
        }
    }

    private async Task<byte[]?> AskOneAsync(IPAddress server, NetworkNamespace from, DnsQuery query, bool stream, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(servers.Length == 1 ? Patience * 2 : Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            using var socket = from.Run(() => new Socket(server.AddressFamily, stream ? SocketType.Stream : SocketType.Dgram, stream ? ProtocolType.Tcp : ProtocolType.Udp));
            await socket.ConnectAsync(new IPEndPoint(server, Port), either.Token);

            // Another number than the client's: with the port, it is what an answer from elsewhere would have to guess.
            var question = query.Message.ToArray();
            RandomNumberGenerator.Fill(question.AsSpan(0, 2));
            var answer = stream ? await AskByStreamAsync(socket, question, either.Token) : await AskByDatagramAsync(socket, question, either.Token);
            query.Message.Span[..2].CopyTo(answer);
            return answer;
        }
        catch (Exception error) when (error is SocketException or IOException or ObjectDisposedException)
        {
            return null; // the next server may answer
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    private static async Task<byte[]> AskByDatagramAsync(Socket socket, byte[] question, CancellationToken cancellation)
    {
        await socket.SendAsync(question, cancellation);
        var buffer = new byte[LargestDatagram];
        while (true)
        {
            var count = await socket.ReceiveAsync(buffer, cancellation);
            if (IsAnswer(buffer.AsSpan(0, count), question))
            {
                return buffer[..count];
            }
        }
    }

    private static async Task<byte[]> AskByStreamAsync(Socket socket, byte[] question, CancellationToken cancellation)
    {
        await using var connection = new NetworkStream(socket);
        await DnsStream.WriteAsync(connection, question, cancellation);
        var answer = await DnsStream.ReadAsync(connection, cancellation);
        return answer is not null && IsAnswer(answer, question) ? answer : throw new IOException("the server's answer is to another question");
    }

    private static bool IsAnswer(ReadOnlySpan<byte> answer, ReadOnlySpan<byte> question) =>
        answer.Length >= DnsQuery.HeaderBytes && BinaryPrimitives.ReadUInt16BigEndian(answer) == BinaryPrimitives.ReadUInt16BigEndian(question) && (answer[2] & 0x80) != 0;
}

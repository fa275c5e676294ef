using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Swarm.Linux;

namespace Swarm.Networking.Dns;

/// <summary>
/// The name server at 127.0.0.11 of one container. Its sockets are opened inside the container's namespace, which they stay in; it runs in the
/// daemon, with which it ends and begins again: see decision 0025.
/// </summary>
internal sealed partial class NameServer : IAsyncDisposable
{
    /// <summary>Connections at once; one beyond is closed.</summary>
    private const int MostConnections = 64;

    private const int LargestQuestion = 1500;

    public static readonly IPAddress Address = new([127, 0, 0, 11]);

    private static readonly TimeSpan IdleConnection = TimeSpan.FromSeconds(10);

    private readonly NetworkNamespace ns;
    private readonly Socket datagrams;
    private readonly Socket listener;
    private readonly NameResolver resolver;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly CancellationTokenSource ended = new();
    private readonly Task loops;
    private int connections;

    private NameServer(NetworkNamespace ns, Socket datagrams, Socket listener, NameResolver resolver, TimeProvider time, ILogger logger)
    {
        (this.ns, this.datagrams, this.listener, this.resolver, this.time, this.logger) = (ns, datagrams, listener, resolver, time, logger);
        loops = Task.WhenAll(ServeDatagramsAsync(), ServeConnectionsAsync());
    }

    /// <exception cref="IOException">The kernel refuses a socket or the rule.</exception>
    public static NameServer Start(string namespacePath, Func<NetworkNamespace, NameResolver> resolver, TimeProvider time, ILogger logger)
    {
        const int backlog = 16;
        var ns = NetworkNamespace.Open(namespacePath);
        try
        {
            var (datagrams, listener) = ns.Run(() =>
            {
                var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    udp.Bind(new IPEndPoint(Address, 0));
                    tcp.Bind(new IPEndPoint(Address, 0));
                    tcp.Listen(backlog);
                    PortRedirect.Set(Address, ((IPEndPoint)udp.LocalEndPoint!).Port, ((IPEndPoint)tcp.LocalEndPoint!).Port);
                    return (udp, tcp);
                }
                catch
                {
                    udp.Dispose();
                    tcp.Dispose();
                    throw;
                }
            });
            return new NameServer(ns, datagrams, listener, resolver(ns), time, logger);
        }
        catch
        {
            ns.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // All that holds the namespace goes before the first pause.
        datagrams.Dispose();
        listener.Dispose();
        ns.Dispose();
        await ended.CancelAsync();
        await loops;
        ended.Dispose();
    }

    private async Task ServeDatagramsAsync()
    {
        var buffer = new byte[LargestQuestion];
        var anyone = new IPEndPoint(IPAddress.Any, 0);
        while (!ended.IsCancellationRequested)
        {
            try
            {
                var received = await datagrams.ReceiveFromAsync(buffer, SocketFlags.None, anyone, ended.Token);
                _ = AnswerDatagramAsync(buffer.AsSpan(0, received.ReceivedBytes).ToArray(), received.RemoteEndPoint);
            }
            catch (Exception error) when (IsEnd(error))
            {
                return;
            }
            catch (SocketException error)
            {
                LogFailed(logger, error.Message);
            }
        }
    }

    private async Task AnswerDatagramAsync(byte[] question, EndPoint client)
    {
        try
        {
            if (await resolver.AnswerAsync(question, stream: false, ended.Token) is { } answer)
            {
                await datagrams.SendToAsync(answer, SocketFlags.None, client, ended.Token);
            }
        }
        catch (Exception error) when (IsEnd(error))
        {
            // The container's network is being taken down.
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            LogFailed(logger, error.Message);
        }
    }

    private async Task ServeConnectionsAsync()
    {
        while (!ended.IsCancellationRequested)
        {
            try
            {
                _ = ServeConnectionAsync(await listener.AcceptAsync(ended.Token));
            }
            catch (Exception error) when (IsEnd(error))
            {
                return;
            }
            catch (SocketException error)
            {
                LogFailed(logger, error.Message);
            }
        }
    }

    private async Task ServeConnectionAsync(Socket socket)
    {
        await using var connection = new NetworkStream(socket, ownsSocket: true);
        try
        {
            if (Interlocked.Increment(ref connections) > MostConnections)
            {
                return;
            }

            while (true)
            {
                using var idle = new CancellationTokenSource(IdleConnection, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, ended.Token);
                if (await DnsStream.ReadAsync(connection, either.Token) is not { } question
                    || await resolver.AnswerAsync(question, stream: true, either.Token) is not { } answer)
                {
                    return;
                }

                await DnsStream.WriteAsync(connection, answer, either.Token);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // Idle for too long, gone, or the end: the connection is closed in any case.
        }
        finally
        {
            Interlocked.Decrement(ref connections);
        }
    }

    private static bool IsEnd(Exception error) =>
        error is OperationCanceledException or ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted };

    [LoggerMessage(7110, LogLevel.Warning, "A question for a name could not be served: {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason);
}

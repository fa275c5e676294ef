using System.Net.Sockets;
using System.Text;
using Swarm.Engine;
using Swarm.Engine.Exec;

namespace Swarm.Api.Client;

public sealed partial class EngineClient
{
    /// <summary>Longest head of an answer that gives the connection away; bytes.</summary>
    private const int MaxHead = 16 * 1024;

    /// <summary>Prepares a command in the container of a task, on whatever node; answers its id.</summary>
    /// <param name="target">A task, service.slot, or a service.</param>
    public async Task<string> CreateTaskExecAsync(string target, ExecCreateRequest request, CancellationToken cancellation) =>
        (await AskAsync(HttpMethod.Post, $"/tasks/{Uri.EscapeDataString(target)}/exec", Json(request, EngineJson.Default.ExecCreateRequest), EngineJson.Default.ExecCreated, cancellation)).Id;

    /// <summary>Starts it: the answer carries its streams both ways, framed unless it has a terminal.</summary>
    public async Task<NetworkStream> StartTaskExecAsync(string id, CancellationToken cancellation)
    {
        var socket = Endpoint.SocketPath is null ? new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true } : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await (Endpoint.SocketPath is { } path
                ? socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation)
                : socket.ConnectAsync(Endpoint.Host, Endpoint.Port, cancellation));
            var stream = new NetworkStream(socket, ownsSocket: true);
            var request = $"POST {Version}/tasks/exec/{id}/start HTTP/1.1\r\nHost: swarm\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(request), cancellation);
            var head = await HeadAsync(stream, cancellation);
            return head.StartsWith("HTTP/1.1 101", StringComparison.Ordinal)
                ? stream
                : throw new EngineClientException(System.Net.HttpStatusCode.Conflict, $"the command was not started: {head.Split('\r')[0]}");
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new EngineUnreachableException(Endpoint, e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public Task ResizeTaskExecAsync(string id, int rows, int columns, CancellationToken cancellation) =>
        TellAsync(HttpMethod.Post, $"/tasks/exec/{id}/resize{new QueryString().Add("h", rows.ToString()).Add("w", columns.ToString())}", null, cancellation);

    public Task<ExecInspect> TaskExecAsync(string id, CancellationToken cancellation) => GetAsync($"/tasks/exec/{id}/json", EngineJson.Default.ExecInspect, cancellation);

    /// <summary>One byte after another: what follows the head is the stream's.</summary>
    private static async Task<string> HeadAsync(Stream stream, CancellationToken cancellation)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (head.Length < MaxHead && !head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one, cancellation) == 1)
        {
            head.Append((char)one[0]);
        }

        return head.ToString();
    }
}

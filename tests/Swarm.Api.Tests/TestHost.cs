using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Api.Hosting;

namespace Swarm.Api.Tests;

/// <summary>The API on a socket of its own, and a client of it.</summary>
public sealed class TestHost : IAsyncDisposable
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("swarm-api-").FullName;
    private readonly ApiServer _server;

    private TestHost(Action<IEndpointRouteBuilder> map)
    {
        _server = ApiServer.Create(new ApiServerOptions { UnixSockets = [SocketPath], EngineVersion = "0.1.0" }, NullLoggerFactory.Instance, map);
        Client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) => new NetworkStream(await ConnectAsync(cancellation), ownsSocket: true),
        })
        { BaseAddress = new Uri("http://docker"), Timeout = Deadline };
    }

    public string SocketPath => Path.Combine(_folder, "api.sock");

    public HttpClient Client { get; }

    public static async Task<TestHost> StartAsync(Action<IEndpointRouteBuilder> map)
    {
        var host = new TestHost(map);
        await host._server.StartAsync(CancellationToken.None);
        return host;
    }

    public async Task<Socket> ConnectAsync(CancellationToken cancellation = default)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), cancellation);
        return socket;
    }

    public async Task<(HttpStatusCode Status, string Body)> SendAsync(HttpMethod method, string path, string? body = null, string? contentType = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            if (contentType is not null)
            {
                request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
            }
        }

        using var response = await Client.SendAsync(request);
        return (response.StatusCode, (await response.Content.ReadAsStringAsync()).TrimEnd('\n'));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

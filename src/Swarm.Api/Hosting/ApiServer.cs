using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Swarm.Api.Authorization;
using Swarm.Api.Http;

namespace Swarm.Api.Hosting;

/// <summary>The HTTP server of the Docker Engine API. The endpoints are given to it; it adds versions, headers and errors.</summary>
public sealed class ApiServer : IAsyncDisposable
{
    /// <summary>Clients at once; `docker run` and `logs -f` hold one each for as long as they last.</summary>
    public const int MaxConnections = 16_384;

    /// <summary>Of one request, bytes: filters are in the line, the credentials of a build for every registry in the headers.</summary>
    private const int MaxRequestLine = 64 * 1024, MaxHeaders = 512 * 1024;

    private const UnixFileMode SocketMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    private readonly WebApplication _application;

    private ApiServer(WebApplication application) => _application = application;

    /// <summary>Addresses that the server listens on, once started; TCP port 0 is answered as the port that was given.</summary>
    public IReadOnlyCollection<string> Addresses => [.. _application.Urls];

    /// <param name="map">Adds the endpoints, each a plain RequestDelegate.</param>
    public static ApiServer Create(ApiServerOptions options, ILoggerFactory loggers, Action<IEndpointRouteBuilder> map)
    {
        // The empty builder: nothing of the environment (ASPNETCORE_URLS, appsettings.json) can open another door.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "Swarm" });
        builder.Services.AddSingleton(loggers);
        builder.Services.AddLogging();
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, options));
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket = endpoint => Bind(endpoint, options));

        var application = builder.Build();
        application.UseMiddleware(new ErrorAnswers(loggers.CreateLogger<ErrorAnswers>()).InvokeAsync);
        if (options.Authorization.Count > 0)
        {
            application.UseMiddleware(new AuthorizationGate(options.Authorization).InvokeAsync);
        }

        application.UseMiddleware(new VersionPrefix(options.EngineVersion).InvokeAsync);
        application.UseWebSockets();
        application.UseRouting();
        application.UseMiddleware(RoutedOnly.InvokeAsync);
        map(application);
        application.UseEndpoints(static _ => { });
        return new ApiServer(application);
    }

    public Task StartAsync(CancellationToken cancellation) => _application.StartAsync(cancellation);

    public Task StopAsync(CancellationToken cancellation) => _application.StopAsync(cancellation);

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private static void Listen(KestrelServerOptions kestrel, ApiServerOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = MaxConnections;
        kestrel.Limits.MaxRequestLineSize = MaxRequestLine;
        kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaders;
        kestrel.Limits.MaxConcurrentUpgradedConnections = MaxConnections;

        // Images and archives are streamed and may be of any size; JSON bodies are bounded where they are read.
        kestrel.Limits.MaxRequestBodySize = null;

        // A build context may trickle in, a log follower may read nothing for hours.
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;

        // Bound in this order: who waits for the socket finds the ports open too.
        foreach (var endpoint in options.TcpEndpoints)
        {
            kestrel.Listen(endpoint, Tcp);
        }

        foreach (var socket in options.PassedSockets)
        {
            kestrel.ListenHandle((ulong)socket.Handle, socket.LocalEndPoint is IPEndPoint ? Tcp : Http1);
        }

        foreach (var path in options.UnixSockets)
        {
            kestrel.ListenUnixSocket(path, Http1);
        }

        void Tcp(ListenOptions listen)
        {
            if (options.Tls is { } tls)
            {
                listen.UseHttps(tls.Options());
            }

            Http1(listen);
        }

        void Http1(ListenOptions listen)
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.UseHijack(options.Time);
        }
    }

    /// <summary>Between bind and listen nobody can connect: the socket gets its mode there, so there is no moment at which it is open to all.</summary>
    private static Socket Bind(EndPoint endpoint, ApiServerOptions options)
    {
        if (endpoint is FileHandleEndPoint passed)
        {
            return options.PassedSockets.First(socket => (ulong)socket.Handle == passed.FileHandle);
        }

        if (endpoint is not UnixDomainSocketEndPoint unix)
        {
            return SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        }

        var path = unix.ToString()!;
        RemoveStale(path, unix);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(unix);
            options.OwnSocket?.Invoke(path);
            File.SetUnixFileMode(path, SocketMode);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A killed daemon leaves its socket behind. One that answers belongs to a daemon that lives.</summary>
    private static void RemoveStale(string path, UnixDomainSocketEndPoint endpoint)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endpoint);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }

        throw new IOException($"can not listen on {path}: another process serves it. Stop that process or choose another socket.");
    }
}

using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Swarm.Rpc.Links;
using Swarm.Security;

namespace Swarm.Rpc.Hosting;

/// <summary>
/// A node's ear for other nodes: gRPC on one port, mutual TLS, HTTP/2 only. It starts offering nothing; <see cref="Services"/> is swapped whole when
/// the node becomes or stops being a manager. A renewed certificate is used from the next handshake on.
/// </summary>
public sealed class RpcServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly WebApplication _app;
    private volatile RpcServices _services;
    private int _disposed;

    private RpcServer(RpcServerOptions options, RpcServices services, NodeCredentials credentials, TimeProvider time, ILoggerFactory loggers)
    {
        _services = services;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton<IHostLifetime, NoHostLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = RpcLimits.ShutdownTimeout);
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = RpcLimits.MaxCallSize;
            grpc.MaxSendMessageSize = RpcLimits.MaxStreamMessageSize;
        });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, options.Listen, credentials, time));
        _app = builder.Build();
        var calls = new RpcCalls(new CallGate(time, options.Standing), () => _services, credentials.Identity.NodeId, options, loggers.CreateLogger<LinkedCalls>(), _stopping.Token);
        _app.MapGrpcService(calls.Bind());
    }

    public RpcServices Services
    {
        get => _services;
        set => _services = value;
    }

    /// <summary>Where it listens; the port is the real one if 0 was asked.</summary>
    public IPEndPoint Endpoint { get; private set; } = new(IPAddress.None, 0);

    /// <exception cref="IOException">The address is in use or not this host's.</exception>
    public static async Task<RpcServer> StartAsync(
        RpcServerOptions options, RpcServices services, NodeCredentials credentials, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var server = new RpcServer(options, services, credentials, time, loggers);
        try
        {
            await server._app.StartAsync(cancellation).ConfigureAwait(false);
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        var bound = server._app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        server.Endpoint = new IPEndPoint(options.Listen.Address, new Uri(bound).Port);
        return server;
    }

    /// <summary>Ends the streams, waits <see cref="RpcLimits.ShutdownTimeout"/> for calls in flight, and closes the port.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _app.StopAsync().ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private static void Configure(KestrelServerOptions kestrel, IPEndPoint endpoint, NodeCredentials credentials, TimeProvider time)
    {
        const int streamWindow = 2 << 20;
        const int connectionWindow = 8 << 20;
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = RpcLimits.MaxConnections;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.Http2.MaxStreamsPerConnection = RpcLimits.MaxStreamsPerConnection;
        kestrel.Limits.Http2.InitialStreamWindowSize = streamWindow;
        kestrel.Limits.Http2.InitialConnectionWindowSize = connectionWindow;
        kestrel.Limits.Http2.KeepAlivePingDelay = RpcLimits.PingDelay;
        kestrel.Limits.Http2.KeepAlivePingTimeout = RpcLimits.PingTimeout;
        kestrel.Listen(endpoint, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                HandshakeTimeout = RpcLimits.HandshakeTimeout,
                OnConnection = _ => ValueTask.FromResult(PeerTls.Server(credentials.Current, time)),
            });
            listen.Use(next => connection =>
            {
                var certificate = connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate;
                connection.Features.Set(Caller.Of(certificate, (connection.RemoteEndPoint as IPEndPoint)?.Address));
                return next(connection);
            });
        });
    }

    /// <summary>Signals belong to the process, not to one of its ports.</summary>
    private sealed class NoHostLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

using System.Net;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Swarm.Api;
using Swarm.Api.Daemon;
using Swarm.Api.Hosting;
using Swarm.Api.Membership;
using Swarm.Commands;
using Swarm.Manager.Certificates;
using Swarm.Manager.Control;
using Swarm.Manager.Scheduling;
using Swarm.Security;

namespace Swarm.Daemon;

/// <summary>`swarm daemon`: puts the rooms together and runs until it is told to stop. The containers stay when it does.</summary>
internal static partial class NodeDaemon
{
    /// <summary>For calls in flight, once the daemon was told to stop.</summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);

    internal static async Task<int> RunAsync(DaemonOptions options, CancellationToken stop)
    {
        var time = TimeProvider.System;
        using var loggers = LoggerFactory.Create(logging => logging
            .SetMinimumLevel(options.Debug ? LogLevel.Debug : LogLevel.Information)
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Grpc", LogLevel.Warning)
            .AddFilter("DotNext", options.Debug ? LogLevel.Information : LogLevel.Warning)
            .AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            }));
        var logger = loggers.CreateLogger("Swarm.Daemon");
        try
        {
            using var claim = DataRootClaim.Take(options.DataRoot);
            await using var engine = await LocalEngine.StartAsync(options, time, loggers, stop);
            var fatal = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var life = new NodeLife(
                Path.Combine(options.DataRoot, "swarm"), options.Bridge, HintsOf(options), engine.Tasks, failure => fatal.TrySetResult(failure), NewRandom(), time, loggers);
            await using var api = ApiServer.Create(Listen(options, logger), loggers, routes => Map(routes, options, engine, life, time));
            await life.ResumeAsync(stop);
            await api.StartAsync(stop);
            LogReady(logger, string.Join(", ", options.Hosts));
            var failed = await UntilAsync(stop, fatal.Task);
            LogStopping(logger);
            using var patience = new CancellationTokenSource(StopPatience, time);
            await api.StopAsync(patience.Token);
            if (failed is not null)
            {
                LogFailed(logger, failed);
            }

            return failed is null ? 0 : 1;
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException or InvalidOperationException or UnauthorizedAccessException)
        {
            LogFailed(logger, failure);
            return 1;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0;
        }
    }

    /// <summary>A source for one owner: it is not safe to share.</summary>
    internal static Random NewRandom() => new();

    private static void Map(IEndpointRouteBuilder routes, DaemonOptions options, LocalEngine engine, NodeLife life, TimeProvider time)
    {
        var facts = new DaemonFacts
        {
            Host = engine.Host,
            EngineId = engine.Id,
            EngineVersion = EngineVersion.Text,
            DataRoot = options.DataRoot,
            Runtime = Path.GetFileName(options.Runtime),
            Labels = options.Labels,
        };
        var access = new ManagerAccess(life, new IdSource(NewRandom()), new ServiceValidation(Refusal), time, digest => JoinToken.Generate(digest).Reveal(), new RootChange(new CfsslClient(() => life.Certificate, time), time));
        engine.Map(routes, time);
        new ClusterApi(life, access, facts, engine, engine, time).Map(routes);
    }

    private static ClusterHints HintsOf(DaemonOptions options) => new(options.AdvertiseAddress, [.. options.Peers.Select(NodeAddresses.Remote)]);

    private static string? Refusal(System.Collections.Immutable.ImmutableArray<string> constraints)
    {
        Constraint.Parse(constraints, out var error);
        return error;
    }

    private static ApiServerOptions Listen(DaemonOptions options, ILogger logger)
    {
        var sockets = new List<string>();
        var tcp = new List<IPEndPoint>();
        foreach (var host in options.Hosts.Select(text => new Uri(text)))
        {
            if (host.Scheme == "unix")
            {
                Directory.CreateDirectory(Path.GetDirectoryName(host.AbsolutePath)!);
                sockets.Add(host.AbsolutePath);
            }
            else
            {
                tcp.Add(new IPEndPoint(IPAddress.Parse(host.Host), host.Port));
                LogInsecure(logger, host.OriginalString);
            }
        }

        return new ApiServerOptions { UnixSockets = sockets, TcpEndpoints = tcp, EngineVersion = EngineVersion.Text };
    }

    /// <summary>What made the daemon end; null: it was told to.</summary>
    private static async Task<Exception?> UntilAsync(CancellationToken stop, Task<Exception> fatal)
    {
        try
        {
            return await fatal.WaitAsync(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return null;
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Ready on {Hosts}")]
    private static partial void LogReady(ILogger logger, string hosts);

    [LoggerMessage(2, LogLevel.Information, "Stopping; the containers stay")]
    private static partial void LogStopping(ILogger logger);

    [LoggerMessage(3, LogLevel.Critical, "The daemon cannot run")]
    private static partial void LogFailed(ILogger logger, Exception failure);

    [LoggerMessage(4, LogLevel.Warning, "{Host} has no TLS: whoever reaches it is root on this machine")]
    private static partial void LogInsecure(ILogger logger, string host);
}

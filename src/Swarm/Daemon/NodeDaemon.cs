using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Swarm.Api;
using Swarm.Api.Daemon;
using Swarm.Api.Hosting;
using Swarm.Api.Membership;
using Swarm.Commands;
using Swarm.Engine;
using Swarm.Engine.Layers;
using Swarm.Engine.UserNamespaces;
using Swarm.Manager.Certificates;
using Swarm.Manager.Control;
using Swarm.Manager.Scheduling;
using Swarm.Linux;
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
        var levels = new LogSwitch(options.Debug, options.LogLevel);
        using var loggers = DaemonLogging.Create(options, levels, time);
        var logger = loggers.CreateLogger("Swarm.Daemon");
        var supervisor = new Supervisor(time);
        try
        {
            LogRemarks(logger, options);
            using var pid = options.PidFile is { } pidFile ? PidFile.Write(pidFile) : null;
            using var claim = DataRootClaim.Take(options.DataRoot);
            options = options with { DataRoot = RealFolder.Make(options.DataRoot), ExecRoot = RealFolder.Make(options.ExecRoot) };
            options = await RemappedRoot.ApplyAsync(options, new SubordinateIds("/etc"), stop);
            AdjustOomScore(options, logger);
            using var tls = options.Tls is { } files ? ApiTls.Load(files.Certificate, files.Key, files.Authority) : null;
            using var plugins = await AuthorizationPlugins.OpenAsync(options.AuthorizationPlugins, stop);
            var listen = DaemonListeners.Of(options, tls, logger) with { Authorization = plugins.Opened };
            using var bridge = BridgeName.Take(options.Network.Bridge, options.Network.BridgeIsAsked, Path.Combine(options.ExecRoot, "network", "link"));
            var configuration = new RunningConfiguration(options);
            await using var engine = await LocalEngine.StartAsync(configuration, bridge.Name, time, loggers, stop);
            var fatal = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var life = new NodeLife(
                Path.Combine(options.DataRoot, "swarm"), bridge.Name, HintsOf(options), engine.Tasks, failure => fatal.TrySetResult(failure), NewRandom(), time, loggers);
            await using var api = ApiServer.Create(listen, loggers, routes => Map(routes, options, engine, life, time));
            await using var signals = new DaemonSignals(() => Reload(configuration, engine, levels, logger), () => Dump(options, engine, time, logger));
            await life.ResumeAsync(stop);
            await using var metrics = options.Metrics is { } address ? ApiServer.Create(new ApiServerOptions { TcpEndpoints = [address], EngineVersion = EngineVersion.Text, Time = time }, loggers, routes => engine.MapMetrics(routes, FactsOf(options, engine))) : null;
            await (metrics?.StartAsync(stop) ?? Task.CompletedTask);
            engine.Tasks.Cluster.Settle();
            await api.StartAsync(stop);
            supervisor.Ready();
            LogReady(logger, string.Join(", ", options.Hosts));
            await using var background = new Background(time, logger);
            background.Run("supervisor's watchdog", supervisor.WatchAsync);
            background.Run("pages let go", cancellation => ReleasePagesAsync(time, cancellation));
            var failed = await UntilAsync(stop, fatal.Task);
            LogStopping(logger);
            supervisor.Stopping();
            using var patience = new CancellationTokenSource(Patience(configuration.Now.ShutdownTimeout), time);
            await api.StopAsync(patience.Token);
            if (failed is not null)
            {
                LogFailed(logger, failed);
            }

            return failed is null ? 0 : 1;
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException or InvalidOperationException or UnauthorizedAccessException or EngineException or Swarm.Networking.NetworkFault)
        {
            LogFailed(logger, failure);
            return 1;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0;
        }
    }

    /// <summary>Bytes of managed memory up to which a full collection takes a few milliseconds.</summary>
    private const long SmallHeap = 32 << 20;

    /// <summary>Half of the program's pages that the start, or a burst of work, has touched are not touched again (decision 64).</summary>
    private static async Task ReleasePagesAsync(TimeProvider time, CancellationToken cancellation)
    {
        await Task.Delay(TimeSpan.FromSeconds(3), time, cancellation);
        if (GC.GetTotalMemory(forceFullCollection: false) < SmallHeap)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }

        for (; ; await Task.Delay(TimeSpan.FromMinutes(1), time, cancellation))
        {
            ProgramPages.Release(Environment.ProcessPath!);
        }
    }

    /// <summary>A source for one owner: it is not safe to share.</summary>
    internal static Random NewRandom() => new();

    private static void Map(IEndpointRouteBuilder routes, DaemonOptions options, LocalEngine engine, NodeLife life, TimeProvider time)
    {
        var facts = FactsOf(options, engine);
        var access = new ManagerAccess(life, new IdSource(NewRandom()), new ServiceValidation(Refusal), time, digest => JoinToken.Generate(digest).Reveal(), new RootChange(new CfsslClient(() => life.Certificate, time), time));
        engine.Map(routes, time);
        new ClusterApi(life, access, facts, engine, engine.Networks, time).Map(routes);
    }

    private static DaemonFacts FactsOf(DaemonOptions options, LocalEngine engine) => new()
    {
        Host = engine.Host,
        EngineId = engine.Id,
        EngineVersion = EngineVersion.Text,
        DataRoot = options.DataRoot,
        DriverStatus = RootfsStore.Status(options.DataRoot),
        Runtime = options.DefaultRuntime,
    };

    private static ClusterHints HintsOf(DaemonOptions options) => new(options.AdvertiseAddress, [.. options.Peers.Select(NodeAddresses.Remote)], options.DefaultAdvertiseAddress);

    private static string? Refusal(System.Collections.Immutable.ImmutableArray<string> constraints)
    {
        Constraint.Parse(constraints, out var error);
        return error;
    }

    private static TimeSpan Patience(TimeSpan configured) => configured < StopPatience && configured > TimeSpan.Zero ? configured : StopPatience;

    private static void LogRemarks(ILogger logger, DaemonOptions options)
    {
        foreach (var remark in options.Remarks)
        {
            LogRemark(logger, remark);
        }
    }

    /// <summary>For this process, and so for the shims; containers have their own.</summary>
    private static void AdjustOomScore(DaemonOptions options, ILogger logger)
    {
        if (options.OomScoreAdjust is not { } score)
        {
            return;
        }

        try
        {
            File.WriteAllText("/proc/self/oom_score_adj", score.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            // Without CAP_SYS_RESOURCE it can only be raised.
            LogOomScore(logger, score, refused.Message);
        }
    }

    /// <summary>What cannot be read or is wrong changes nothing.</summary>
    private static void Reload(RunningConfiguration configuration, LocalEngine engine, LogSwitch levels, ILogger logger)
    {
        try
        {
            var now = configuration.Take(configuration.Now.Again!());
            levels.Set(now.Debug, now.LogLevel);
            engine.Reconfigure(now);
            LogReloaded(logger);
        }
        catch (Exception wrong) when (wrong is FlagException or IOException or UnauthorizedAccessException)
        {
            LogNotReloaded(logger, wrong.Message);
        }
    }

    private static void Dump(DaemonOptions options, LocalEngine engine, TimeProvider time, ILogger logger)
    {
        try
        {
            LogDumped(logger, StateDump.Write(options.ExecRoot, time, engine.Describe()));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            LogNotDumped(logger, failure.Message);
        }
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

    [LoggerMessage(5, LogLevel.Warning, "{Remark}")]
    private static partial void LogRemark(ILogger logger, string remark);

    [LoggerMessage(6, LogLevel.Warning, "The OOM score stays as it is, {Score} is refused: {Reason}")]
    private static partial void LogOomScore(ILogger logger, int score, string reason);

    [LoggerMessage(7, LogLevel.Information, "Reloaded the configuration")]
    private static partial void LogReloaded(ILogger logger);

    [LoggerMessage(8, LogLevel.Error, "The configuration stays as it was: {Reason}")]
    private static partial void LogNotReloaded(ILogger logger, string reason);

    [LoggerMessage(9, LogLevel.Information, "State written to {Path}")]
    private static partial void LogDumped(ILogger logger, string path);

    [LoggerMessage(10, LogLevel.Error, "The state could not be written: {Reason}")]
    private static partial void LogNotDumped(ILogger logger, string reason);
}

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Api.Wire;
using Swarm.Engine.Runtime;

namespace Swarm.Api.Daemon;

/// <summary>/_ping, /version and /info.</summary>
public static class SystemEndpoints
{
    private static readonly string[] GetOrHead = [HttpMethods.Get, HttpMethods.Head];

    public static void Map(IEndpointRouteBuilder routes, DaemonFacts facts, ISystemInfo system, INodeLifecycle node, TimeProvider time)
    {
        routes.MapMethods("/_ping", GetOrHead, context => PingAsync(context, node));
        routes.MapGet("/version", async context => await context.WriteJsonAsync(
            Version(facts, await system.RuntimeVersionAsync(context.RequestAborted).ConfigureAwait(false)), SystemJson.Default.SystemVersion).ConfigureAwait(false));
        routes.MapGet("/info", async context => await context.WriteJsonAsync(
            Info(facts, await system.RuntimeVersionAsync(context.RequestAborted).ConfigureAwait(false), system, node, time), SystemJson.Default.SystemInfo).ConfigureAwait(false));
    }

    private static async Task PingAsync(HttpContext context, INodeLifecycle node)
    {
        context.Response.Headers.CacheControl = "no-cache, no-store, must-revalidate";
        context.Response.Headers.Pragma = "no-cache";
        context.Response.Headers["Builder-Version"] = "1";
        context.Response.Headers["Swarm"] = SwarmSection.Status(node.State);
        context.Response.ContentType = "text/plain; charset=utf-8";
        if (HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.ContentLength = 0;
            return;
        }

        context.Response.ContentLength = 2;
        await context.Response.WriteAsync("OK", context.RequestAborted).ConfigureAwait(false);
    }

    private static SystemVersion Version(DaemonFacts facts, RuntimeVersion runtime) => new()
    {
        Platform = new PlatformName { Name = "Swarm" },
        Components =
        [
            new ComponentVersion
            {
                Name = "Engine",
                Version = facts.EngineVersion,
                Details = new SortedDictionary<string, string>(StringComparer.Ordinal)
                {
                    ["ApiVersion"] = ApiVersion.Current.ToString(),
                    ["Arch"] = facts.Host.Architecture,
                    ["BuildTime"] = facts.BuildTime,
                    ["Experimental"] = "false",
                    ["GitCommit"] = facts.GitCommit,
                    ["GoVersion"] = Runtime,
                    ["KernelVersion"] = facts.Host.KernelVersion,
                    ["MinAPIVersion"] = ApiVersion.Minimum.ToString(),
                    ["Os"] = "linux",
                },
            },
            new ComponentVersion
            {
                Name = facts.Runtime,
                Version = runtime.Version,
                Details = new Dictionary<string, string> { ["GitCommit"] = runtime.Commit },
            },
        ],
        Version = facts.EngineVersion,
        ApiVersion = ApiVersion.Current.ToString(),
        MinAPIVersion = ApiVersion.Minimum.ToString(),
        GitCommit = facts.GitCommit,
        GoVersion = Runtime,
        Os = "linux",
        Arch = facts.Host.Architecture,
        KernelVersion = facts.Host.KernelVersion,
        BuildTime = facts.BuildTime,
    };

    /// <summary>Where Docker names its Go.</summary>
    private static string Runtime => $".NET {Environment.Version}";

    /// <summary>Docker Hub's entry is always there, the others are those that are insecure.</summary>
    private static RegistryConfigInfo Registries(ConfiguredFacts configured)
    {
        var indexes = new SortedDictionary<string, IndexConfigInfo>(StringComparer.Ordinal)
        {
            ["docker.io"] = new() { Name = "docker.io", Mirrors = configured.Mirrors, Secure = true, Official = true },
        };
        foreach (var host in configured.InsecureRegistries)
        {
            indexes[host] = new IndexConfigInfo { Name = host };
        }

        return new RegistryConfigInfo { InsecureRegistryCIDRs = ["::1/128", "127.0.0.0/8", .. configured.InsecureNetworks], IndexConfigs = indexes, Mirrors = configured.Mirrors };
    }

    private static SystemInfo Info(DaemonFacts facts, RuntimeVersion runtime, ISystemInfo system, INodeLifecycle node, TimeProvider time)
    {
        var containers = system.Containers;
        var configured = system.Configured;
        return new SystemInfo
        {
            ID = facts.EngineId,
            Containers = containers.Running + containers.Paused + containers.Stopped,
            ContainersRunning = containers.Running,
            ContainersPaused = containers.Paused,
            ContainersStopped = containers.Stopped,
            Images = system.Images,
            Driver = facts.StorageDriver,
            DriverStatus = facts.DriverStatus,
            Plugins = new PluginsInfo { Volume = BuiltInDrivers.Volume, Network = BuiltInDrivers.Network, Log = BuiltInDrivers.Log, Authorization = configured.AuthorizationPlugins },
            MemoryLimit = true,
            SwapLimit = true,
            CpuCfsPeriod = true,
            CpuCfsQuota = true,
            CPUShares = true,
            CPUSet = true,
            PidsLimit = true,
            IPv4Forwarding = configured.Forwards,
            SystemTime = time.GetUtcNow().UtcDateTime,
            Debug = configured.Debug,
            NFd = Directory.GetFileSystemEntries("/proc/self/fd").Length,
            NGoroutines = ThreadPool.ThreadCount,
            NEventsListener = system.EventListeners,
            RuncCommit = new CommitInfo(runtime.Commit),
            LoggingDriver = configured.LogDriver,
            CgroupDriver = "cgroupfs",
            CgroupVersion = configured.CgroupVersion,
            KernelVersion = facts.Host.KernelVersion,
            OperatingSystem = facts.Host.OperatingSystem,
            OSVersion = facts.Host.OsVersion,
            OSType = "linux",
            Architecture = facts.Host.Machine,
            IndexServerAddress = "https://index.docker.io/v1/",
            NCPU = facts.Host.Cpus,
            MemTotal = facts.Host.MemoryBytes,
            DockerRootDir = facts.DataRoot,
            Name = facts.Host.Hostname,
            Labels = configured.Labels,
            HttpProxy = configured.HttpProxy,
            HttpsProxy = configured.HttpsProxy,
            NoProxy = configured.NoProxy,
            ExperimentalBuild = configured.Experimental,
            RegistryConfig = Registries(configured),
            DefaultAddressPools = configured.AddressPools.Count == 0 ? null : [.. configured.AddressPools.Select(pool => new AddressPoolInfo { Base = pool.Base, Size = pool.Size })],
            SecurityOptions = configured.SecurityOptions,
            ServerVersion = facts.EngineVersion,
            Runtimes = configured.Runtimes.ToDictionary(pair => pair.Key, pair => new RuntimeInfo { Path = pair.Value.Path, RuntimeArgs = pair.Value.Arguments.Count > 0 ? pair.Value.Arguments : null }),
            DefaultRuntime = configured.DefaultRuntime,
            Swarm = SwarmSection.Read(node),
            LiveRestoreEnabled = true,
            Isolation = "",
            InitBinary = configured.InitBinary,
            FirewallBackend = new FirewallInfo("nftables"),
            CDISpecDirs = configured.CdiFolders,
            DiscoveredDevices = configured.CdiDevices.Count == 0 ? null : [.. configured.CdiDevices.Select(name => new DeviceInfo("cdi", name))],
            Warnings = [.. facts.Warnings, .. configured.CdiWarnings],
        };
    }
}

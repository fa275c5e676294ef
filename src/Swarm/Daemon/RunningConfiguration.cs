using System.Globalization;
using Swarm.Api.Daemon;
using Swarm.Commands;
using Swarm.Engine.Runtime;

namespace Swarm.Daemon;

/// <summary>The configuration that is in force: what the daemon was started with, and over it what a reload may change. Swapped whole.</summary>
internal sealed class RunningConfiguration(DaemonOptions started)
{
    private volatile DaemonOptions _now = started;

    internal DaemonOptions Now => _now;

    /// <summary>Takes the reloadable part of <paramref name="next"/> over. The proxies and certificates of registries are those of the start.</summary>
    internal DaemonOptions Take(DaemonOptions next) => _now = _now with
    {
        Debug = next.Debug,
        Labels = next.Labels,
        Registry = next.Registry with { Proxies = _now.Registry.Proxies },
        Runtimes = next.Runtimes,
        DefaultRuntime = next.DefaultRuntime,
        ShutdownTimeout = next.ShutdownTimeout,
        Features = next.Features,
        Again = next.Again,
    };

    /// <summary>As `docker info` shows it.</summary>
    internal ConfiguredFacts Facts(CgroupLayout cgroups)
    {
        var (now, registry) = (_now, _now.Registry);
        return new ConfiguredFacts
        {
            Labels = now.Labels,
            Debug = now.Debug,
            Experimental = now.Experimental,
            LogDriver = now.Containers.LogDriver,
            CgroupVersion = cgroups.Mode == CgroupMode.V2 ? "2" : "1",
            Runtimes = now.Runtimes.ToDictionary(pair => pair.Key, pair => (pair.Value.Path, pair.Value.Arguments)),
            DefaultRuntime = now.DefaultRuntime,
            Mirrors = Mirrors(now),
            InsecureRegistries = [.. registry.InsecureRegistries.Order(StringComparer.Ordinal)],
            InsecureNetworks = [.. registry.InsecureNetworks.Select(network => network.ToString())],
            HttpProxy = ProxyText.Masked(registry.Proxies.Http),
            HttpsProxy = ProxyText.Masked(registry.Proxies.Https),
            NoProxy = registry.Proxies.Except,
            SecurityOptions = SecurityOptions(now, cgroups),
            AddressPools = [.. now.Network.AddressPools.Select(pool => (pool.Base.ToString(), pool.Size))],
            AuthorizationPlugins = now.AuthorizationPlugins,
            InitBinary = now.Containers.InitPath.Length > 0 ? now.Containers.InitPath : "docker-init",
            CdiFolders = now.CdiFolders,
            Forwards = now.Network.Forwarding,
        };
    }

    /// <summary>Of the event of a reload, with Docker's names.</summary>
    internal Dictionary<string, string> Attributes(string hostname)
    {
        var now = _now;
        return new Dictionary<string, string>
        {
            ["name"] = hostname,
            ["debug"] = Bool(now.Debug),
            ["labels"] = List(now.Labels),
            ["allow-nondistributable-artifacts"] = "[]",
            ["insecure-registries"] = List([.. now.Registry.InsecureRegistries.Order(StringComparer.Ordinal), .. now.Registry.InsecureNetworks.Select(network => network.ToString())]),
            ["registry-mirrors"] = List(Mirrors(now)),
            ["max-concurrent-downloads"] = Number(now.Registry.ConcurrentDownloads),
            ["max-concurrent-uploads"] = Number(now.Registry.ConcurrentUploads),
            ["max-download-attempts"] = Number(now.Registry.Attempts),
            ["shutdown-timeout"] = Number(now.ShutdownTimeout == Timeout.InfiniteTimeSpan ? -1 : (int)now.ShutdownTimeout.TotalSeconds),
            ["live-restore"] = "true",
            ["default-runtime"] = now.DefaultRuntime,
            ["runtimes"] = string.Join(' ', now.Runtimes.Select(pair => $"{pair.Key}:{pair.Value.Path}")),
            ["default-ipc-mode"] = now.Containers.IpcMode,
            ["default-shm-size"] = (now.Containers.ShmSize > 0 ? now.Containers.ShmSize : 64 << 20).ToString(CultureInfo.InvariantCulture),
            ["features"] = $"map[{string.Join(' ', now.Features.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}:{Bool(pair.Value)}"))}]",
        };
    }

    private static IReadOnlyList<string> Mirrors(DaemonOptions options) => [.. options.Registry.Mirrors.Select(mirror => mirror.AbsoluteUri)];

    private static List<string> SecurityOptions(DaemonOptions options, CgroupLayout cgroups)
    {
        var profile = options.Containers.SeccompProfile switch { "" => "builtin", "unconfined" => "unconfined", _ => "custom" };
        List<string> all = [$"name=seccomp,profile={profile}"];
        if (cgroups.Mode == CgroupMode.V2)
        {
            all.Add("name=cgroupns");
        }

        if (!options.Ids.IsNone)
        {
            all.Add("name=userns");
        }

        if (options.Containers.NoNewPrivileges)
        {
            all.Add("name=no-new-privileges");
        }

        return all;
    }

    private static string Bool(bool value) => value ? "true" : "false";

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A JSON list of plain texts: labels and hosts.</summary>
    private static string List(IReadOnlyList<string> texts) => $"[{string.Join(',', texts.Select(text => $"\"{System.Text.Json.JsonEncodedText.Encode(text)}\""))}]";
}

using System.Globalization;
using System.Net;
using Swarm.Engine;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Runtime;

namespace Swarm.Commands;

/// <summary>The flags that containers inherit.</summary>
internal static class ContainerDefaultsReader
{
    /// <exception cref="FlagException">A wrong value.</exception>
    public static ContainerDefaults Read(FlagValues values)
    {
        var defaults = new ContainerDefaults
        {
            Ulimits = [.. values.Map("default-ulimit").Select(pair => Limit(pair.Key, pair.Value))],
            ShmSize = values.Given("default-shm-size") is { } size ? Setting.Bytes(size) : 0,
            IpcMode = values.Given("default-ipc-mode") ?? "private",
            CgroupnsMode = values.Text("default-cgroupns-mode"),
            SeccompProfile = Seccomp(values.Text("seccomp-profile")),
            NoNewPrivileges = values.Bool("no-new-privileges"),
            Init = values.Bool("init"),
            InitPath = values.Given("init-path") is { } path ? InitProgram(path) : "",
            Dns = values.All("dns"),
            DnsOptions = values.All("dns-opt"),
            DnsSearch = values.All("dns-search"),
            HostGateways = [.. values.All("host-gateway-ip").Select(IPAddress.Parse)],
            LogDriver = values.Given("log-driver") ?? "json-file",
            LogOptions = values.Map("log-opt"),
        };
        try
        {
            LogOptions.Check(defaults.LogDriver, defaults.LogOptions);
            return defaults;
        }
        catch (EngineException e)
        {
            throw new FlagException($"failed to set log opts: {e.Message}");
        }
    }

    /// <summary>soft[:hard]; -1: no limit.</summary>
    private static Ulimit Limit(string name, string text)
    {
        var parts = text.Split(':', 2);
        if (!Linux.ResourceLimits.IsKnown(name))
        {
            throw new FlagException($"invalid ulimit type: {name}");
        }

        if (!long.TryParse(parts[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var soft)
            || !long.TryParse(parts.ElementAtOrDefault(1) ?? parts[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var hard))
        {
            throw new FlagException($"invalid ulimit argument: {name}={text}");
        }

        return hard < 0 || (soft >= 0 && soft <= hard)
            ? new Ulimit { Name = name, Soft = soft, Hard = hard }
            : throw new FlagException($"ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}");
    }

    private static string Seccomp(string setting)
    {
        if (setting is "" or "builtin")
        {
            return "";
        }

        if (setting == "unconfined")
        {
            return setting;
        }

        try
        {
            return SeccompSetting.Checked(File.ReadAllText(setting));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FlagException($"opening seccomp profile ({setting}) failed: {e.Message}");
        }
        catch (EngineException e)
        {
            throw new FlagException($"seccomp profile ({setting}): {e.Message}");
        }
    }

    private static string InitProgram(string path) =>
        File.Exists(path) ? Path.GetFullPath(path) : throw new FlagException($"init-path: {path} does not exist");
}

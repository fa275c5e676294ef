using System.Globalization;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Health;

namespace Swarm.Engine.Containers;

/// <summary>Containers as the API shows them.</summary>
internal static class ContainerViews
{
    public const string Never = "0001-01-01T00:00:00Z";

    public static string Time(DateTimeOffset? time) =>
        time?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffff'00Z'", CultureInfo.InvariantCulture) ?? Never;

    public static string StatusName(ContainerStatus status) => status switch
    {
        ContainerStatus.Created => "created",
        ContainerStatus.Running => "running",
        ContainerStatus.Paused => "paused",
        ContainerStatus.Restarting => "restarting",
        ContainerStatus.Exited => "exited",
        _ => "dead",
    };

    public static ContainerInspect Inspect(Container container, string folder, string log, IReadOnlyList<string>? execs, EngineOptions options)
    {
        var record = container.Record;
        var logs = LogOptions.Merge(record.HostConfig.LogConfig, options.Defaults);
        return new ContainerInspect
        {
            Id = record.Id,
            Created = Time(record.Created),
            Path = record.Command[0],
            Args = [.. record.Command.Skip(1)],
            State = State(container.State, container.Health),
            Image = record.ImageId,
            ResolvConfPath = Path.Combine(folder, "resolv.conf"),
            HostnamePath = Path.Combine(folder, "hostname"),
            HostsPath = Path.Combine(folder, "hosts"),
            AppArmorProfile = Runtime.SecurityOptions.Parse(record.HostConfig.SecurityOpt).AppArmor,
            LogPath = logs.Type == LogOptions.JsonFile ? log : "",
            Name = "/" + record.Name,
            RestartCount = container.State.RestartCount,
            ExecIDs = execs,
            HostConfig = record.HostConfig.Shown() with
            {
                Links = record.HostConfig.Links is { Count: > 0 } links
                    ? [.. ContainerLinks.Read(links).Select(link => $"/{link.Target}:/{record.Name}/{link.Alias}")]
                    : record.HostConfig.Links,
                LogConfig = logs,
                RestartPolicy = record.HostConfig.RestartPolicy ?? new RestartPolicy { Name = "no" },
                ShmSize = Runtime.SpecWriter.ShmSize(record.HostConfig),
                Runtime = string.IsNullOrEmpty(record.HostConfig.Runtime) ? options.Runtimes.DefaultName : record.HostConfig.Runtime,
            },
            Mounts = Mounts(record),
            Config = record.Config,
            NetworkSettings = Network(container),
        };
    }

    public static ContainerSummary Summary(Container container, DateTimeOffset now)
    {
        var (record, state) = (container.Record, container.State);
        var network = Network(container);
        return new ContainerSummary
        {
            Id = record.Id,
            Names = ["/" + record.Name],
            Image = record.Config.Image ?? "",
            ImageID = record.ImageId,
            Command = string.Join(' ', record.Command.Select(Quoted)),
            Created = record.Created.ToUnixTimeSeconds(),
            Ports = Ports(network, record),
            Labels = record.Config.Labels ?? [],
            State = StatusName(state.Status),
            Status = Describe(state, container.Health, now),
            HostConfig = new HostConfigSummary(record.HostConfig.NetworkMode ?? "") { Annotations = record.HostConfig.Annotations is { Count: > 0 } annotations ? annotations : null },
            NetworkSettings = new NetworkSettingsSummary(network.Networks),
            Mounts = Mounts(record),
        };
    }

    public static NetworkSettings Network(Container container)
    {
        var networks = ContainerNetworks.Of(container.Record).ToDictionary(pair => pair.Key, pair => Endpoint(container, pair.Key, pair.Value ?? new EndpointSettings()));
        if (container.Network is not { } sandbox)
        {
            return new NetworkSettings { Networks = networks };
        }

        var ports = new Dictionary<string, IReadOnlyList<PortBinding>?>();
        foreach (var key in container.Record.Config.ExposedPorts?.Keys ?? Enumerable.Empty<string>())
        {
            ports[key] = null;
        }

        foreach (var group in sandbox.Ports.GroupBy(p => $"{p.ContainerPort}/{p.Protocol}"))
        {
            ports[group.Key] = [.. group.Select(p => new PortBinding
            {
                HostIp = p.HostAddress?.ToString() ?? "0.0.0.0",
                HostPort = p.HostPort.ToString(CultureInfo.InvariantCulture),
            })];
        }

        var bridge = networks.GetValueOrDefault("bridge");
        return new NetworkSettings
        {
            SandboxKey = sandbox.NamespacePath,
            SandboxID = container.Id,
            Ports = ports,
            Networks = networks,
            EndpointID = bridge?.EndpointID ?? "",
            Gateway = bridge?.Gateway ?? "",
            IPAddress = bridge?.IPAddress ?? "",
            IPPrefixLen = bridge?.IPPrefixLen ?? 0,
            IPv6Gateway = bridge?.IPv6Gateway ?? "",
            GlobalIPv6Address = bridge?.GlobalIPv6Address ?? "",
            GlobalIPv6PrefixLen = bridge?.GlobalIPv6PrefixLen ?? 0,
            MacAddress = bridge?.MacAddress ?? "",
        };
    }

    /// <summary>What was asked for, and what the network gave for it while the container runs.</summary>
    private static EndpointSettings Endpoint(Container container, string name, EndpointSettings asked)
    {
        var shown = asked with { GwPriority = asked.GwPriority ?? 0, MacAddress = asked.MacAddress ?? "" };
        if (container.Network?.Endpoints.FirstOrDefault(e => e.NetworkName == name) is not { } endpoint)
        {
            return shown;
        }

        return shown with
        {
            NetworkID = endpoint.NetworkId,
            EndpointID = endpoint.EndpointId,
            IPAddress = endpoint.Address?.ToString() ?? "",
            IPPrefixLen = endpoint.PrefixLength,
            Gateway = endpoint.Gateway?.ToString() ?? "",
            GlobalIPv6Address = endpoint.Address6?.ToString() ?? "",
            GlobalIPv6PrefixLen = endpoint.PrefixLength6,
            IPv6Gateway = endpoint.Gateway6?.ToString() ?? "",
            MacAddress = endpoint.MacAddress,
            DNSNames = endpoint.Names.IsEmpty ? null : endpoint.Names,
        };
    }

    private static ContainerStateView State(ContainerState state, HealthState? health) => new()
    {
        Status = StatusName(state.Status),
        Running = state.IsRunning || state.Status == ContainerStatus.Restarting,
        Paused = state.Status == ContainerStatus.Paused,
        Restarting = state.Status == ContainerStatus.Restarting,
        OOMKilled = state.OomKilled,
        Dead = state.Status == ContainerStatus.Dead,
        Pid = state.Pid,
        ExitCode = state.ExitCode,
        Error = state.Error,
        StartedAt = Time(state.StartedAt),
        FinishedAt = Time(state.FinishedAt),
        Health = health,
    };

    /// <summary>What --tmpfs makes is shown in HostConfig only; what --mount makes, among the mounts too.</summary>
    private static bool IsPlainTmpfs(ContainerRecord record, MountPoint mount) =>
        mount.Kind == MountKind.Tmpfs && record.HostConfig.Mounts?.Any(m => m.Target is { } target && target.TrimEnd('/') == mount.Destination) != true;

    private static List<MountPointView> Mounts(ContainerRecord record) => [.. record.Mounts.Where(m => !IsPlainTmpfs(record, m)).Select(m => new MountPointView
    {
        Type = m.Kind.ToString().ToLowerInvariant(),
        Name = m.Kind == MountKind.Volume ? m.Name : null,
        Source = m.Source,
        Destination = m.Destination,
        Driver = m.Kind == MountKind.Volume ? "local" : null,
        Mode = m.Mode,
        RW = !m.ReadOnly,
        Propagation = m.Kind == MountKind.Bind ? m.Propagation : "",
    })];

    private static List<PortSummary> Ports(NetworkSettings network, ContainerRecord record)
    {
        List<PortSummary> ports = [];
        foreach (var (key, bindings) in network.Ports)
        {
            var (port, protocol) = PortRequests.Parse(key);
            if (bindings is not { Count: > 0 })
            {
                ports.Add(new PortSummary { PrivatePort = port, Type = protocol });
                continue;
            }

            ports.AddRange(bindings.Select(b => new PortSummary
            {
                IP = b.HostIp,
                PrivatePort = port,
                PublicPort = int.Parse(b.HostPort!, CultureInfo.InvariantCulture),
                Type = protocol,
            }));
        }

        return ports;
    }

    private static string Quoted(string word) => word.Contains(' ', StringComparison.Ordinal) || word.Contains('\'', StringComparison.Ordinal)
        ? "'" + word.Replace("'", "'\\''", StringComparison.Ordinal) + "'"
        : word;

    /// <summary>As `docker ps` prints it: "Up 5 minutes", "Exited (0) 2 hours ago".</summary>
    internal static string Describe(ContainerState state, HealthState? health, DateTimeOffset now) => state.Status switch
    {
        ContainerStatus.Running => "Up " + Age(now - state.StartedAt!.Value) + health switch
        {
            null => "",
            { Status: HealthState.Starting } => " (health: starting)",
            var known => $" ({known.Status})",
        },
        ContainerStatus.Paused => $"Up {Age(now - state.StartedAt!.Value)} (Paused)",
        ContainerStatus.Restarting => $"Restarting ({state.ExitCode}) {Age(now - (state.FinishedAt ?? now))} ago",
        ContainerStatus.Exited => $"Exited ({state.ExitCode}) {Age(now - (state.FinishedAt ?? now))} ago",
        ContainerStatus.Created => "Created",
        _ => "Dead",
    };

    private static string Age(TimeSpan age) => age switch
    {
        { TotalSeconds: < 1 } => "Less than a second",
        { TotalSeconds: < 2 } => "1 second",
        { TotalSeconds: < 60 } => $"{(int)age.TotalSeconds} seconds",
        { TotalMinutes: < 2 } => "About a minute",
        { TotalMinutes: < 46 } => $"{(int)age.TotalMinutes} minutes",
        { TotalMinutes: < 90 } => "About an hour",
        { TotalHours: < 48 } => $"{(int)Math.Round(age.TotalHours)} hours",
        { TotalDays: < 14 } => $"{(int)age.TotalDays} days",
        { TotalDays: < 60 } => $"{(int)(age.TotalDays / 7)} weeks",
        { TotalDays: < 730 } => $"{(int)(age.TotalDays / 30)} months",
        _ => $"{(int)(age.TotalDays / 365)} years",
    };
}

using System.Collections.Immutable;
using Swarm.Engine;
using Swarm.Model;
using static Swarm.Api.Wire.WireValues;

namespace Swarm.Api.Services;

internal static class ContainerSpecReader
{
    /// <summary>Permission bits of a secret's or config's file whose mode is not given: r--r--r--.</summary>
    private const uint DefaultFileMode = 0x124;

    internal static ContainerSpec Read(Wire.ContainerSpec spec)
    {
        return new ContainerSpec
        {
            Image = spec.Image ?? "",
            Labels = Map(spec.Labels),
            Command = List(spec.Command),
            Args = List(spec.Args),
            Hostname = spec.Hostname ?? "",
            Env = List(spec.Env),
            Dir = spec.Dir ?? "",
            User = spec.User ?? "",
            Groups = List(spec.Groups),
            Tty = spec.TTY ?? false,
            OpenStdin = spec.OpenStdin ?? false,
            ReadOnly = spec.ReadOnly ?? false,
            Mounts = List(spec.Mounts, Mount),
            StopSignal = spec.StopSignal ?? "",
            StopGracePeriod = Duration(spec.StopGracePeriod),
            Healthcheck = Health(spec.Healthcheck),
            Hosts = List(spec.Hosts),
            Dns = Dns(spec.DNSConfig),
            Secrets = List(spec.Secrets, secret => File(secret.SecretID, secret.SecretName, secret.File)),
            Configs = List(spec.Configs, Config),
            Init = spec.Init,
            Sysctls = Map(spec.Sysctls),
            CapabilityAdd = List(spec.CapabilityAdd),
            CapabilityDrop = List(spec.CapabilityDrop),
            Ulimits = List(spec.Ulimits, one => new Ulimit { Name = one.Name ?? "", Soft = one.Soft ?? 0, Hard = one.Hard ?? 0 }),
            Isolation = spec.Isolation is null or "default" ? "" : spec.Isolation,
            OomScoreAdj = spec.OomScoreAdj ?? 0,
            Privileges = PrivilegesMapping.Read(spec.Privileges),
        };
    }

    private static Mount Mount(Wire.Mount mount) => new()
    {
        Type = mount.Type switch
        {
            null or "" or "bind" => MountType.Bind,
            "volume" => MountType.Volume,
            "tmpfs" => MountType.Tmpfs,
            "npipe" => MountType.NamedPipe,
            "cluster" => MountType.Cluster,
            "image" => MountType.Image,
            var other => throw EngineException.BadRequest($"invalid MountType: \"{other}\""),
        },
        Source = mount.Source ?? "",
        Target = mount.Target ?? "",
        ReadOnly = mount.ReadOnly ?? false,
        Consistency = mount.Consistency ?? "",
        Propagation = mount.BindOptions?.Propagation switch
        {
            null or "" => "",
            "private" or "rprivate" or "shared" or "rshared" or "slave" or "rslave" => mount.BindOptions.Propagation,
            var other => throw EngineException.BadRequest($"invalid MountPropagation: \"{other}\""),
        },
        NonRecursive = mount.BindOptions?.NonRecursive ?? false,
        CreateMountpoint = mount.BindOptions?.CreateMountpoint ?? false,
        ReadOnlyNonRecursive = mount.BindOptions?.ReadOnlyNonRecursive ?? false,
        ReadOnlyForceRecursive = mount.BindOptions?.ReadOnlyForceRecursive ?? false,
        VolumeNoCopy = mount.VolumeOptions?.NoCopy ?? false,
        VolumeSubpath = mount.VolumeOptions?.Subpath ?? "",
        VolumeLabels = Map(mount.VolumeOptions?.Labels),
        VolumeDriver = TaskSpecReader.Driver(mount.VolumeOptions?.DriverConfig),
        TmpfsSizeBytes = mount.TmpfsOptions?.SizeBytes ?? 0,
        TmpfsMode = mount.TmpfsOptions?.Mode ?? 0,
        TmpfsOptions = [.. (mount.TmpfsOptions?.Options ?? []).Select(option => option.ToImmutableArray())],
    };

    private static Healthcheck? Health(Wire.HealthConfig? health) => health is null ? null : new Healthcheck
    {
        Test = List(health.Test),
        Interval = Duration(health.Interval ?? 0),
        Timeout = Duration(health.Timeout ?? 0),
        StartPeriod = Duration(health.StartPeriod ?? 0),
        StartInterval = Duration(health.StartInterval ?? 0),
        Retries = health.Retries ?? 0,
    };

    private static DnsConfig? Dns(Wire.DNSConfig? dns) =>
        dns is null or { Nameservers: null or { Count: 0 }, Search: null or { Count: 0 }, Options: null or { Count: 0 } } ? null : new DnsConfig { Nameservers = List(dns.Nameservers), Search = List(dns.Search), Options = List(dns.Options) };

    private static FileReference Config(Wire.ConfigReference config) => TaskSpecReader.Given(config.Runtime)
        ? throw EngineException.NotImplemented("a config as a runtime target (credential spec) is not supported: give it a File target")
        : File(config.ConfigID, config.ConfigName, config.File);

    private static FileReference File(string? id, string? name, Wire.FileTarget? file) => new()
    {
        Id = id ?? "",
        Name = name ?? "",
        TargetPath = file?.Name ?? "",
        Uid = file?.UID is null or "" ? "0" : file.UID,
        Gid = file?.GID is null or "" ? "0" : file.GID,
        Mode = file?.Mode ?? DefaultFileMode,
    };
}

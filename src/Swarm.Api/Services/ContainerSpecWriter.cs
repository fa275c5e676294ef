using Swarm.Model;
using static Swarm.Api.Wire.WireValues;

namespace Swarm.Api.Services;

internal static class ContainerSpecWriter
{
    /// <summary>Docker's wait between the stop signal and the kill.</summary>
    private static readonly TimeSpan DefaultStopGracePeriod = TimeSpan.FromSeconds(10);

    internal static Wire.ContainerSpec Write(ContainerSpec spec, bool defaults) => new()
    {
        Image = spec.Image,
        Labels = NullIfEmpty(spec.Labels),
        Command = NullIfEmpty(spec.Command),
        Args = NullIfEmpty(spec.Args),
        Hostname = NullIfEmpty(spec.Hostname),
        Env = NullIfEmpty(spec.Env),
        Dir = NullIfEmpty(spec.Dir),
        User = NullIfEmpty(spec.User),
        Groups = NullIfEmpty(spec.Groups),
        Init = spec.Init,
        StopSignal = NullIfEmpty(spec.StopSignal),
        TTY = NullIfDefault(spec.Tty),
        OpenStdin = NullIfDefault(spec.OpenStdin),
        ReadOnly = NullIfDefault(spec.ReadOnly),
        Mounts = NullIfEmpty(spec.Mounts, Mount),
        StopGracePeriod = (spec.StopGracePeriod ?? (defaults ? DefaultStopGracePeriod : null)) is { } grace ? Nanoseconds(grace) : null,
        Healthcheck = Health(spec.Healthcheck),
        Hosts = NullIfEmpty(spec.Hosts),
        DNSConfig = Dns(spec.Dns, defaults),
        Secrets = NullIfEmpty(spec.Secrets, one => new Wire.SecretReference { File = File(one), SecretID = one.Id, SecretName = one.Name }),
        Configs = NullIfEmpty(spec.Configs, one => new Wire.ConfigReference { File = File(one), ConfigID = one.Id, ConfigName = one.Name }),
        Isolation = spec.Isolation.Length == 0 ? "default" : spec.Isolation,
        Sysctls = NullIfEmpty(spec.Sysctls),
        CapabilityAdd = NullIfEmpty(spec.CapabilityAdd),
        CapabilityDrop = NullIfEmpty(spec.CapabilityDrop),
        Ulimits = NullIfEmpty(spec.Ulimits, one => new Wire.Ulimit { Name = one.Name, Soft = one.Soft, Hard = one.Hard }),
        OomScoreAdj = NullIfDefault(spec.OomScoreAdj),
        Privileges = PrivilegesMapping.Write(spec.Privileges),
    };

    private static Wire.Mount Mount(Mount mount) => new()
    {
        Type = mount.Type switch
        {
            MountType.Volume => "volume",
            MountType.Tmpfs => "tmpfs",
            MountType.NamedPipe => "npipe",
            MountType.Cluster => "cluster",
            MountType.Image => "image",
            _ => "bind",
        },
        Source = NullIfEmpty(mount.Source),
        Target = mount.Target,
        ReadOnly = NullIfDefault(mount.ReadOnly),
        Consistency = NullIfEmpty(mount.Consistency),
        BindOptions = mount.Propagation.Length > 0 || mount.NonRecursive || mount.CreateMountpoint || mount.ReadOnlyNonRecursive || mount.ReadOnlyForceRecursive
            ? new Wire.BindOptions
            {
                Propagation = NullIfEmpty(mount.Propagation),
                NonRecursive = NullIfDefault(mount.NonRecursive),
                CreateMountpoint = NullIfDefault(mount.CreateMountpoint),
                ReadOnlyNonRecursive = NullIfDefault(mount.ReadOnlyNonRecursive),
                ReadOnlyForceRecursive = NullIfDefault(mount.ReadOnlyForceRecursive),
            }
            : null,
        VolumeOptions = mount.VolumeNoCopy || mount.VolumeSubpath.Length > 0 || !mount.VolumeLabels.IsEmpty || mount.VolumeDriver is not null
            ? new Wire.VolumeOptions
            {
                NoCopy = NullIfDefault(mount.VolumeNoCopy),
                Subpath = NullIfEmpty(mount.VolumeSubpath),
                Labels = NullIfEmpty(mount.VolumeLabels),
                DriverConfig = TaskSpecWriter.Driver(mount.VolumeDriver),
            }
            : null,
        TmpfsOptions = mount.TmpfsSizeBytes != 0 || mount.TmpfsMode != 0 || !mount.TmpfsOptions.IsEmpty
            ? new Wire.TmpfsOptions
            {
                SizeBytes = NullIfDefault(mount.TmpfsSizeBytes),
                Mode = NullIfDefault(mount.TmpfsMode),
                Options = mount.TmpfsOptions.IsEmpty ? null : [.. mount.TmpfsOptions.Select(IReadOnlyList<string> (option) => option)],
            }
            : null,
    };

    private static Wire.HealthConfig? Health(Healthcheck? health) => health is null ? null : new Wire.HealthConfig
    {
        Test = NullIfEmpty(health.Test),
        Interval = NullIfDefault(Nanoseconds(health.Interval)),
        Timeout = NullIfDefault(Nanoseconds(health.Timeout)),
        StartPeriod = NullIfDefault(Nanoseconds(health.StartPeriod)),
        StartInterval = NullIfDefault(Nanoseconds(health.StartInterval)),
        Retries = NullIfDefault(health.Retries),
    };

    private static Wire.DNSConfig? Dns(DnsConfig? dns, bool defaults) => dns is null
        ? defaults ? new Wire.DNSConfig() : null
        : new Wire.DNSConfig { Nameservers = NullIfEmpty(dns.Nameservers), Search = NullIfEmpty(dns.Search), Options = NullIfEmpty(dns.Options) };

    private static Wire.FileTarget File(FileReference file) => new() { Name = file.TargetPath, UID = file.Uid, GID = file.Gid, Mode = file.Mode };
}

namespace Swarm.Engine.Containers.Wire;

/// <summary>
/// What a null means to clients and servers that are written in Go: the empty text, the empty record. Requests go through here before anyone else reads
/// them, so that nobody meets a null where the type has none; and answers, so that a text which nobody gave is there.
/// </summary>
public static class GoNulls
{
    public static ContainerCreateRequest Filled(this ContainerCreateRequest request)
    {
        var config = ((ContainerConfig)request).Filled();
        return request with
        {
            Env = config.Env,
            Cmd = config.Cmd,
            Entrypoint = config.Entrypoint,
            Shell = config.Shell,
            OnBuild = config.OnBuild,
            Labels = config.Labels,
            Healthcheck = config.Healthcheck,
            HostConfig = request.HostConfig?.Filled(),
            NetworkingConfig = request.NetworkingConfig is null ? null : new NetworkingConfig
            {
                EndpointsConfig = request.NetworkingConfig.EndpointsConfig?.ToDictionary(pair => pair.Key, pair => pair.Value?.Filled()),
            },
        };
    }

    public static EndpointSettings Filled(this EndpointSettings settings) => settings with
    {
        Links = Texts(settings.Links),
        Aliases = Texts(settings.Aliases),
        DriverOpts = Texts(settings.DriverOpts),
        IPAMConfig = settings.IPAMConfig is null ? null : settings.IPAMConfig with { LinkLocalIPs = Texts(settings.IPAMConfig.LinkLocalIPs) },
    };

    public static ContainerConfig Filled(this ContainerConfig config) => config with
    {
        Env = Texts(config.Env),
        Cmd = Texts(config.Cmd),
        Entrypoint = Texts(config.Entrypoint),
        Shell = Texts(config.Shell),
        OnBuild = Texts(config.OnBuild),
        Labels = Texts(config.Labels),
        Healthcheck = config.Healthcheck is null ? null : config.Healthcheck with { Test = Texts(config.Healthcheck.Test) },
    };

    public static HostConfig Filled(this HostConfig host) => host with
    {
        Binds = Texts(host.Binds),
        VolumesFrom = Texts(host.VolumesFrom),
        CapAdd = Texts(host.CapAdd),
        CapDrop = Texts(host.CapDrop),
        Dns = Texts(host.Dns),
        DnsOptions = Texts(host.DnsOptions),
        DnsSearch = Texts(host.DnsSearch),
        ExtraHosts = Texts(host.ExtraHosts),
        GroupAdd = Texts(host.GroupAdd),
        Links = Texts(host.Links),
        SecurityOpt = Texts(host.SecurityOpt),
        DeviceCgroupRules = Texts(host.DeviceCgroupRules),
        MaskedPaths = Texts(host.MaskedPaths),
        ReadonlyPaths = Texts(host.ReadonlyPaths),
        Annotations = Texts(host.Annotations),
        StorageOpt = Texts(host.StorageOpt),
        Tmpfs = Texts(host.Tmpfs),
        Sysctls = Texts(host.Sysctls),
        LogConfig = host.LogConfig is null ? null : host.LogConfig with { Config = Texts(host.LogConfig.Config) },
        Mounts = Records(host.Mounts)?.Select(Filled).ToList(),
        Devices = Records(host.Devices),
        BlkioWeightDevice = Records(host.BlkioWeightDevice),
        BlkioDeviceReadBps = Records(host.BlkioDeviceReadBps),
        BlkioDeviceWriteBps = Records(host.BlkioDeviceWriteBps),
        BlkioDeviceReadIOps = Records(host.BlkioDeviceReadIOps),
        BlkioDeviceWriteIOps = Records(host.BlkioDeviceWriteIOps),
        Ulimits = Records(host.Ulimits),
        PortBindings = host.PortBindings?.ToDictionary(p => p.Key, p => Records(p.Value)),
    };

    /// <summary>As it is answered: a text that nobody gave is the empty one.</summary>
    public static HostConfig Shown(this HostConfig host) => host with
    {
        ContainerIDFile = host.ContainerIDFile ?? "",
        VolumeDriver = host.VolumeDriver ?? "",
        CgroupnsMode = host.CgroupnsMode ?? "",
        IpcMode = host.IpcMode ?? "",
        Cgroup = host.Cgroup ?? "",
        PidMode = host.PidMode ?? "",
        UTSMode = host.UTSMode ?? "",
        UsernsMode = host.UsernsMode ?? "",
        Isolation = host.Isolation ?? "",
        CgroupParent = host.CgroupParent ?? "",
        CpusetCpus = host.CpusetCpus ?? "",
        CpusetMems = host.CpusetMems ?? "",
        PortBindings = host.PortBindings?.ToDictionary(p => p.Key, p => (IReadOnlyList<PortBinding>?)p.Value?.Select(Shown).ToList()),
    };

    public static IReadOnlyList<string>? Texts(IReadOnlyList<string>? list) => list is null ? null : [.. list.Select(text => text ?? "")];

    public static Dictionary<string, string>? Texts(Dictionary<string, string>? map) => map?.ToDictionary(p => p.Key, p => p.Value ?? "");

    private static PortBinding Shown(PortBinding binding) => new() { HostIp = binding.HostIp ?? "", HostPort = binding.HostPort ?? "" };

    private static IReadOnlyList<T>? Records<T>(IReadOnlyList<T>? list) where T : class, new() => list is null ? null : [.. list.Select(item => item ?? new T())];

    private static MountRequest Filled(MountRequest mount) => mount with
    {
        Type = mount.Type ?? "",
        VolumeOptions = mount.VolumeOptions is null ? null : mount.VolumeOptions with
        {
            Labels = Texts(mount.VolumeOptions.Labels),
            DriverConfig = mount.VolumeOptions.DriverConfig is null ? null : mount.VolumeOptions.DriverConfig with { Options = Texts(mount.VolumeOptions.DriverConfig.Options) },
        },
        TmpfsOptions = mount.TmpfsOptions is null ? null : mount.TmpfsOptions with
        {
            Options = mount.TmpfsOptions.Options is null ? null : [.. mount.TmpfsOptions.Options.Select(pair => Texts(pair) ?? [])],
        },
    };
}

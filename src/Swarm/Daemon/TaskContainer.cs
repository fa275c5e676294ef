using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Swarm.Engine;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;
using Swarm.Model;
using Swarm.Model.Templates;

namespace Swarm.Daemon;

/// <summary>A task as the container that a user could have asked for, with the labels by which Docker's tools know it.</summary>
internal static class TaskContainer
{
    private const string Prefix = "com.docker.swarm.", TaskIdLabel = Prefix + "task.id";

    /// <summary>Which of the node's generic resources the container may use, as Docker tells it: DOCKER_RESOURCE_GPU=UUID1,UUID2.</summary>
    private static IEnumerable<string> GenericResources(SwarmTask task) => task.AssignedGeneric
        .GroupBy(one => one.Kind, one => one.NamedValue ?? one.Value.ToString(CultureInfo.InvariantCulture), StringComparer.Ordinal)
        .Select(kind => $"DOCKER_RESOURCE_{kind.Key.ToUpperInvariant()}={string.Join(',', kind)}");

    public static string? TaskIdOf(ContainerRecord record) => record.Config.Labels?.GetValueOrDefault(TaskIdLabel);

    /// <exception cref="EngineException">501 or 400: the task cannot run here as it is.</exception>
    /// <exception cref="TemplateException">A template of the environment, the hostname or a mount cannot be filled in.</exception>
    public static ContainerCreateRequest Of(SwarmTask task, TaskTemplate template)
    {
        var (spec, container) = (task.Spec, task.Spec.Container);
        return new ContainerCreateRequest
        {
            Image = container.Image,
            Entrypoint = container.Command.IsEmpty ? null : container.Command,
            Cmd = container.Args.IsEmpty ? null : container.Args,
            Env =
            [
                .. container.Env.Select(one => one.Split('=', 2)).Select(pair => pair.Length == 1 ? pair[0] : $"{pair[0]}={template.Expand(pair[1])}"),
                .. GenericResources(task),
            ],
            Hostname = template.Expand(container.Hostname),
            WorkingDir = container.Dir,
            User = container.User,
            Tty = container.Tty,
            OpenStdin = container.OpenStdin,
            Labels = Labels(task),
            StopSignal = container.StopSignal,
            StopTimeout = container.StopGracePeriod is { } grace ? (int)Math.Ceiling(grace.TotalSeconds) : null,
            Healthcheck = container.Healthcheck is { } check
                ? new HealthConfig
                {
                    Test = check.Test,
                    Interval = Nanoseconds(check.Interval),
                    Timeout = Nanoseconds(check.Timeout),
                    StartPeriod = Nanoseconds(check.StartPeriod),
                    StartInterval = Nanoseconds(check.StartInterval),
                    Retries = check.Retries,
                }
                : null,
            NetworkingConfig = Networks(task),
            HostConfig = new HostConfig
            {
                NetworkMode = NetworkMode(task),
                PortBindings = PortBindings(task),
                Mounts = [.. container.Mounts.Select(m => Mount(m, template))],
                Memory = spec.Limits?.MemoryBytes ?? 0,
                NanoCpus = spec.Limits?.NanoCpus ?? 0,
                MemoryReservation = spec.Reservations?.MemoryBytes ?? 0,
                PidsLimit = spec.PidsLimit,
                ReadonlyRootfs = container.ReadOnly,
                GroupAdd = container.Groups,
                CapAdd = container.CapabilityAdd,
                CapDrop = container.CapabilityDrop,
                Init = container.Init,
                OomScoreAdj = (int)container.OomScoreAdj,
                Sysctls = container.Sysctls.IsEmpty ? null : new(container.Sysctls),
                Ulimits = [.. container.Ulimits.Select(u => new Engine.Containers.Wire.Ulimit { Name = u.Name, Soft = u.Soft, Hard = u.Hard })],
                ExtraHosts = [.. container.Hosts.SelectMany(ExtraHosts)],
                Dns = container.Dns?.Nameservers,
                DnsSearch = container.Dns?.Search,
                DnsOptions = container.Dns?.Options,
                LogConfig = spec.LogDriver is { } log ? new LogConfig { Type = log.Name, Config = new(log.Options) } : null,
                Isolation = container.Isolation,
                Privileged = PrivilegeLabels.IsPrivileged(container),
                Devices = [.. PrivilegeLabels.DevicesOf(container).Select(one => new DeviceMapping { PathOnHost = one.OnHost, PathInContainer = one.InContainer, CgroupPermissions = one.Permissions })],
                SecurityOpt = [.. SecurityOptions(container.Privileges)],
            },
        };
    }

    private static IEnumerable<string> SecurityOptions(Privileges? privileges)
    {
        if (privileges is null)
        {
            yield break;
        }

        if (privileges.NoNewPrivileges)
        {
            yield return "no-new-privileges";
        }

        if (privileges.Seccomp is SeccompMode.Unconfined)
        {
            yield return "seccomp=unconfined";
        }
        else if (privileges.Seccomp is SeccompMode.Custom)
        {
            yield return "seccomp=" + Encoding.UTF8.GetString(privileges.SeccompProfile);
        }

        if (privileges.AppArmor is AppArmorMode.Disabled)
        {
            yield return "apparmor=unconfined";
        }

        // SELinux labels mean nothing on the machines that this runs on, as for `docker run` there.
    }

    private static Dictionary<string, string> Labels(SwarmTask task)
    {
        var labels = new Dictionary<string, string>(task.Spec.Container.Labels)
        {
            [Prefix + "node.id"] = task.NodeId,
            [Prefix + "service.id"] = task.ServiceId,
            [Prefix + "service.name"] = task.ServiceName,
            [Prefix + "task"] = "",
            [TaskIdLabel] = task.Id,
            [Prefix + "task.name"] = task.Name,
        };
        return labels;
    }

    private static long Nanoseconds(TimeSpan span) => span.Ticks * TimeSpan.NanosecondsPerTick;

    /// <summary>The first of its networks: one of the node's own that it names, or of the cluster's that it has a place on.</summary>
    private static string NetworkMode(SwarmTask task) =>
        task.Spec.Networks.Select(network => network.Target).FirstOrDefault(IsNodes) ?? task.Networks.FirstOrDefault()?.NetworkId ?? "bridge";

    private static bool IsNodes(string network) => network is "host" or "none" or "bridge";

    /// <summary>The places that the managers gave it, and the node's own networks that it names.</summary>
    private static NetworkingConfig Networks(SwarmTask task) => new()
    {
        EndpointsConfig = task.Spec.Networks.Where(network => IsNodes(network.Target)).Select(network => KeyValuePair.Create<string, EndpointSettings?>(network.Target, new EndpointSettings()))
            .Concat(task.Networks.Select(place => KeyValuePair.Create<string, EndpointSettings?>(place.NetworkId, new EndpointSettings
            {
                IPAMConfig = new EndpointIpamConfig { IPv4Address = AddressOf(place, AddressFamily.InterNetwork), IPv6Address = AddressOf(place, AddressFamily.InterNetworkV6) },
                Aliases = place.Aliases.IsEmpty ? null : place.Aliases,
            }))).ToDictionary(),
    };

    private static string? AddressOf(NetworkAttachment place, AddressFamily family) =>
        place.Addresses.Select(cidr => cidr.Split('/')[0])
            .FirstOrDefault(address => IPAddress.Parse(address).AddressFamily == family);

    /// <summary>Ports of mode=host as a container got them.</summary>
    /// <param name="got">Of both families; one that was left to the node has the same number in each.</param>
    internal static ImmutableArray<PortConfig> Published(ImmutableArray<PortConfig> asked, ImmutableArray<PublishedPort> got)
    {
        var free = got.Where(port => !asked.Any(one => one.PublishedPort == port.HostPort && Is(one, port)))
            .DistinctBy(port => (port.Protocol, port.ContainerPort, port.HostPort)).ToList();
        return [.. asked.Select(one =>
        {
            var found = one.PublishedPort > 0 ? -1 : free.FindIndex(port => Is(one, port));
            if (found < 0)
            {
                return one;
            }

            var published = one with { PublishedPort = free[found].HostPort };
            free.RemoveAt(found);
            return published;
        })];

        static bool Is(PortConfig one, PublishedPort port) => one.TargetPort == port.ContainerPort && one.Protocol.ToString().Equals(port.Protocol, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Published by the node that runs the task alone (mode=host).</summary>
    private static Dictionary<string, IReadOnlyList<PortBinding>?> PortBindings(SwarmTask task) => task.Status.HostPorts
        .GroupBy(port => string.Create(CultureInfo.InvariantCulture, $"{port.TargetPort}/{port.Protocol.ToString().ToLowerInvariant()}"))
        .ToDictionary(group => group.Key, group => (IReadOnlyList<PortBinding>?)[.. group.Select(port => new PortBinding
        {
            HostPort = port.PublishedPort > 0 ? port.PublishedPort.ToString(CultureInfo.InvariantCulture) : "",
        })]);

    private static MountRequest Mount(Mount mount, TaskTemplate template) => new()
    {
        Type = mount.Type.ToString().ToLowerInvariant(),
        Source = template.Expand(mount.Source),
        Target = template.Expand(mount.Target),
        ReadOnly = mount.ReadOnly,
        BindOptions = mount.Type == MountType.Bind
            ? new BindOptions
            {
                Propagation = mount.Propagation,
                NonRecursive = mount.NonRecursive,
                CreateMountpoint = mount.CreateMountpoint,
                ReadOnlyNonRecursive = mount.ReadOnlyNonRecursive,
                ReadOnlyForceRecursive = mount.ReadOnlyForceRecursive,
            }
            : null,
        VolumeOptions = mount.Type == MountType.Volume
            ? new VolumeOptions
            {
                NoCopy = mount.VolumeNoCopy,
                Subpath = mount.VolumeSubpath,
                Labels = Expanded(mount.VolumeLabels, template),
                DriverConfig = mount.VolumeDriver is { } driver ? new VolumeDriverConfig { Name = driver.Name, Options = Expanded(driver.Options, template) } : null,
            }
            : null,
        TmpfsOptions = mount.Type == MountType.Tmpfs ? new TmpfsOptions
        {
            SizeBytes = mount.TmpfsSizeBytes,
            Mode = mount.TmpfsMode,
            Options = [.. mount.TmpfsOptions.Select(IReadOnlyList<string> (option) => option)],
        } : null,
    };

    private static Dictionary<string, string> Expanded(IReadOnlyDictionary<string, string> texts, TaskTemplate template) =>
        texts.ToDictionary(pair => pair.Key, pair => template.Expand(pair.Value));

    /// <summary>"address name name", as in hosts(5), is "name:address" for a container.</summary>
    private static IEnumerable<string> ExtraHosts(string line)
    {
        var fields = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return fields.Skip(1).Select(name => string.Create(CultureInfo.InvariantCulture, $"{name}:{fields[0]}"));
    }
}

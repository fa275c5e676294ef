using System.Globalization;
using Swarm.Api.Wire;
using Swarm.Compose.Tree;

namespace Swarm.Compose.Conversion;

/// <summary>One service of a compose file as a service of the cluster.</summary>
internal static class ServiceConversion
{
    /// <summary>What only a builder, a single machine or a terminal has a use for.</summary>
    private static readonly string[] WithoutMeaning =
    [
        "build", "develop", "pull_policy", "pull_refresh_after", "container_name", "attach", "expose", "annotations", "profiles", "links", "external_links",
        "cgroup_parent", "mac_address", "domainname", "storage_opt", "driver_opts", "mem_swappiness", "memswap_limit", "oom_kill_disable", "cpuset", "cpu_shares",
        "cpu_quota", "cpu_period", "cpu_percent", "cpu_rt_period", "cpu_rt_runtime", "blkio_config", "use_api_socket",
    ];

    /// <summary>What changes what the service is, so that it would not be the same without.</summary>
    private static readonly string[] Impossible =
        ["credential_spec", "device_cgroup_rules", "gpus", "ipc", "models", "pid", "post_start", "pre_stop", "provider", "runtime", "userns_mode", "uts", "volumes_from", "cgroup"];

    internal static StackService Convert(string key, Section section, ConversionContext context)
    {
        var image = section.Text("image") ?? throw section.Wrong("an image is missing: a cluster does not build, build and push it first");
        section.Ignore(WithoutMeaning);
        foreach (var one in Impossible)
        {
            section.Refuse(one, "not possible in services");
        }

        var deploy = section.Map("deploy") ?? new Section(ComposeMap.Empty(new Origin("", 0)), $"{section.Path}.deploy", context.Remarks);
        var labels = StackLabels.With(context.Stack, deploy.Pairs("labels"));
        labels[StackLabels.Image] = image;
        if (Dependencies.Read(section, context) is { } dependencies)
        {
            labels[Model.DependencyLabel.Name] = dependencies;
        }

        var deployment = DeployConversion.Convert(deploy, section);
        var spec = new ServiceSpec
        {
            Name = context.Scoped(key),
            Labels = labels,
            Mode = deployment.Mode,
            TaskTemplate = new TaskSpec
            {
                ContainerSpec = ContainerConversion.Convert(section, image, context),
                Resources = deployment.Resources,
                RestartPolicy = deployment.Restart,
                Placement = deployment.Placement,
                LogDriver = section.Map("logging") is { } logging ? Log(logging) : null,
                Networks = Networks(key, section, context),
            },
            UpdateConfig = deployment.Update,
            RollbackConfig = deployment.Rollback,
            EndpointSpec = new EndpointSpec { Mode = deployment.EndpointMode, Ports = Ports(section) },
        };
        section.End();
        return new StackService(key, spec);
    }

    private static List<NetworkAttachmentConfig> Networks(string key, Section service, ConversionContext context)
    {
        if (service.Text("network_mode") is { } mode)
        {
            return NetworkConversion.IsOfNode(mode) && !service.Has("networks")
                ? [new NetworkAttachmentConfig { Target = mode }]
                : throw service.Wrong("network_mode", "a service has networks, or one of the network modes host, none and bridge");
        }

        if (service.Map("networks") is not { } networks || !networks.Keys.Any())
        {
            return [new NetworkAttachmentConfig { Target = context.UseNetwork(NetworkConversion.Default, service), Aliases = [key] }];
        }

        return [.. networks.Named().Select(one =>
        {
            var name = context.UseNetwork(one.Name, one.Section);
            one.Section.Ignore("priority", "gw_priority", "link_local_ips", "mac_address", "interface_name");
            one.Section.Refuse("ipv4_address", "the tasks of a service cannot all have one address");
            one.Section.Refuse("ipv6_address", "the tasks of a service cannot all have one address");
            var (aliases, options) = (one.Section.Texts("aliases") ?? [], one.Section.Pairs("driver_opts"));
            one.Section.End();
            return NetworkConversion.IsOfNode(name)
                ? new NetworkAttachmentConfig { Target = name }
                : new NetworkAttachmentConfig { Target = name, Aliases = [.. aliases.Append(key).Distinct()], DriverOpts = options };
        })];
    }

    private static Driver Log(Section logging)
    {
        var driver = new Driver { Name = logging.Text("driver"), Options = logging.Pairs("options") };
        logging.End();
        return driver;
    }

    private static IReadOnlyList<PortConfig>? Ports(Section service)
    {
        var ports = service.Maps("ports").Select(Port).ToList();
        return ports.Count == 0 ? null : ports;
    }

    private static PortConfig Port(Section port)
    {
        port.Refuse("host_ip", "a service is published on all addresses of its nodes: leave the address out, or keep strangers out by a firewall");
        port.Ignore("app_protocol");
        var config = new PortConfig
        {
            Name = port.Text("name"),
            TargetPort = Number(port, "target") ?? throw port.Wrong("target is missing"),
            PublishedPort = Number(port, "published"),
            Protocol = port.Word("protocol", "tcp", "udp", "sctp") ?? "tcp",
            PublishMode = port.Word("mode", "host", "ingress") ?? "ingress",
        };
        port.End();
        return config;
    }

    private static uint? Number(Section port, string key) => port.Text(key) is not { } text ? null
        : ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw port.Wrong(key, "a port number is expected");
}

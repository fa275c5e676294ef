using Swarm.Api.Wire;

namespace Swarm.Chaos.Workloads.Networks;

/// <summary>What this workload makes.</summary>
internal static class NetworkSpecs
{
    public const string Network = "front";
    public const string Label = "networks";

    /// <summary>A container of it on every node is where names are asked for.</summary>
    public const string Clients = "clients";
    public const string Path = "/cgi-bin/who";

    private const int TargetPort = 80;

    /// <summary>Says its token, its node and who asks.</summary>
    private const string Server =
        "mkdir -p /www/cgi-bin; printf '#!/bin/sh\\necho; echo %s %s $REMOTE_ADDR\\n' $TOKEN $NODE > /www/cgi-bin/who; chmod +x /www/cgi-bin/who; exec httpd -f -p 80 -h /www";

    public static NetworkCreateRequest NetworkOf(string? subnet) => new()
    {
        Name = Network,
        Driver = "overlay",
        Attachable = true,
        IPAM = subnet is null ? null : new IPAMRequest { Config = [new IPAMConfig { Subnet = subnet }] },
    };

    public static ServiceSpec Servers(string name, string token, int port, int replicas) => new()
    {
        Name = name,
        Labels = new Dictionary<string, string?> { [Specs.Workload] = Label, [Specs.Value] = token },
        Mode = new ServiceMode { Replicated = new ReplicatedService { Replicas = (ulong)replicas } },
        EndpointSpec = new EndpointSpec { Ports = [new PortConfig { Protocol = "tcp", TargetPort = TargetPort, PublishedPort = (uint)port, PublishMode = "ingress" }] },
        TaskTemplate = Template(["sh", "-c", Server], [$"TOKEN={token}", "NODE={{.Node.Hostname}}"]),
    };

    public static ServiceSpec Askers() => new()
    {
        Name = Clients,
        Mode = new ServiceMode { Global = new GlobalService() },
        TaskTemplate = Template(["sleep", "infinity"], []),
    };

    private static TaskSpec Template(IReadOnlyList<string> command, IReadOnlyList<string> environment) => new()
    {
        ContainerSpec = new ContainerSpec { Image = "busybox:latest", Args = command, Env = environment, StopSignal = "SIGKILL" },
        Networks = [new NetworkAttachmentConfig { Target = Network }],
        RestartPolicy = new RestartPolicy { Delay = 0 },
    };
}

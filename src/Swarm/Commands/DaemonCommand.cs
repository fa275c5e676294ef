using System.CommandLine;
using Swarm.Api.Client;

namespace Swarm.Commands;

/// <summary>`swarm daemon`: one node.</summary>
internal static class DaemonCommand
{
    public static Command Build(Cli cli, Func<DaemonOptions, CancellationToken, Task<int>> run)
    {
        var dataRoot = new Option<string>("--data-root") { Description = "What survives a reboot: images, containers, the cluster's store", DefaultValueFactory = _ => "/var/lib/swarm", HelpName = "dir" };
        var execRoot = new Option<string>("--exec-root") { Description = "Runtime state, which does not", DefaultValueFactory = _ => "/run/swarm", HelpName = "dir" };
        var cgroupParent = new Option<string>("--cgroup-parent") { Description = "Control group below which containers are put", DefaultValueFactory = _ => "swarm", HelpName = "path" };
        var bridge = new Option<string>("--bridge", "-b") { Description = "Name of the default network's bridge", DefaultValueFactory = _ => "swarm0", HelpName = "name" };
        var bip = new Option<string?>("--bip") { Description = "Address and prefix of that bridge, such as 172.17.0.1/16", HelpName = "cidr" };
        var runtime = new Option<string>("--default-runtime", "--runtime") { Description = "OCI runtime, by name or path", DefaultValueFactory = _ => "crun", HelpName = "runtime" };
        var labels = new Option<string[]>("--label") { Description = "KEY=value of this engine, for constraints on engine.labels.KEY", HelpName = "label" };
        var advertise = new Option<string?>("--advertise-addr") { Description = "Where other nodes reach this one from now on, if it is in a cluster: address[:port] or interface", HelpName = "host:port" };
        var peers = new Option<string[]>("--peer") { Description = "Where a manager of its cluster may be found, if all have moved", HelpName = "host:port" };
        var debug = new Option<bool>("--debug", "-D") { Description = "Log more" };
        var command = new Command("daemon", "Run a node of a cluster, or a single engine")
        {
            dataRoot, execRoot, cgroupParent, bridge, bip, runtime, labels, advertise, peers, debug,
        };
        return cli.Local(command, (parsed, cancellation) => run(
            new DaemonOptions
            {
                Hosts = parsed.GetValue(cli.Host) is { Length: > 0 } hosts ? [.. hosts.Select(h => EngineEndpoint.Parse(h).Text)] : [EngineEndpoint.Default],
                DataRoot = Path.GetFullPath(parsed.GetRequiredValue(dataRoot)),
                ExecRoot = Path.GetFullPath(parsed.GetRequiredValue(execRoot)),
                CgroupParent = parsed.GetRequiredValue(cgroupParent).Trim('/'),
                Bridge = parsed.GetRequiredValue(bridge),
                BridgeAddress = parsed.GetValue(bip),
                Runtime = parsed.GetRequiredValue(runtime),
                Labels = parsed.GetValue(labels) ?? [],
                AdvertiseAddress = parsed.GetValue(advertise),
                Peers = parsed.GetValue(peers) ?? [],
                Debug = parsed.GetValue(debug),
            },
            cancellation));
    }
}

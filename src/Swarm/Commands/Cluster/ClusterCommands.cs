using System.CommandLine;
using Swarm.Api.Client;
using Swarm.Api.Wire;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Commands.Cluster;

/// <summary>Making, joining and leaving a cluster.</summary>
internal static class ClusterCommands
{
    private const string ListenDefault = "0.0.0.0:2377";
    private const string Availabilities = "active, pause or drain";

    public static Command Init(Cli cli)
    {
        var listen = new Option<string>("--listen-addr") { DefaultValueFactory = _ => ListenDefault, Description = "Where this node listens for other nodes", HelpName = "host:port" };
        var advertise = new Option<string?>("--advertise-addr") { Description = "Where other nodes reach this one: address[:port] or interface", HelpName = "host:port" };
        var force = new Option<bool>("--force-new-cluster") { Description = "Start a cluster of one out of what this node knows" };
        var availability = Availability();
        var autolock = new Option<bool>("--autolock") { Description = "Managers that restart wait for the unlock key" };
        var expiry = CaFlags.Expiry();
        var external = CaFlags.External();
        return cli.OnEngine(new Command("init", "Make a new cluster, with this node as its first manager") { listen, advertise, force, availability, autolock, expiry, external }, async (parsed, client, cancellation) =>
        {
            var id = await client.InitSwarmAsync(
                new InitRequest
                {
                    ListenAddr = parsed.GetRequiredValue(listen),
                    AdvertiseAddr = parsed.GetValue(advertise),
                    ForceNewCluster = parsed.GetValue(force) ? true : null,
                    Availability = parsed.GetValue(availability),
                    AutoLockManagers = parsed.GetValue(autolock) ? true : null,
                    Spec = new Spec { CAConfig = CaFlags.Apply(null, parsed, expiry, external) },
                },
                cancellation);
            var cluster = await client.InspectSwarmAsync(cancellation);
            var address = (await client.NodeAsync(id, cancellation)).ManagerStatus?.Addr;
            await cli.Out.WriteLineAsync($"""
                Swarm initialized: current node ({id}) is now a manager.

                To add a worker to this swarm, run the following command:

                    swarm join --token {cluster.JoinTokens!.Worker} {address}

                To add a manager to this swarm, run 'swarm join-token manager' and follow the instructions.
                """);
            if (parsed.GetValue(autolock))
            {
                await LockCommands.WriteHintAsync(cli, await client.UnlockKeyAsync(cancellation));
            }
        });
    }

    public static Command Join(Cli cli)
    {
        var remote = new Argument<string>("HOST:PORT") { Description = "A manager" };
        var token = new Option<string>("--token") { Description = "From 'swarm join-token'", HelpName = "token", Required = true };
        var listen = new Option<string>("--listen-addr") { DefaultValueFactory = _ => ListenDefault, Description = "Where this node listens for other nodes", HelpName = "host:port" };
        var advertise = new Option<string?>("--advertise-addr") { Description = "Where other nodes reach this one", HelpName = "host:port" };
        var availability = Availability();
        return cli.OnEngine(new Command("join", "Join a cluster as worker or manager: the token decides") { remote, token, listen, advertise, availability }, async (parsed, client, cancellation) =>
        {
            var secret = parsed.GetRequiredValue(token);
            await client.JoinSwarmAsync(
                new JoinRequest
                {
                    RemoteAddrs = [parsed.GetRequiredValue(remote)],
                    JoinToken = secret,
                    ListenAddr = parsed.GetRequiredValue(listen),
                    AdvertiseAddr = parsed.GetValue(advertise),
                    Availability = parsed.GetValue(availability),
                },
                cancellation);
            var role = await IsManagerAsync(client, cancellation) ? "manager" : "worker";
            await cli.Out.WriteLineAsync($"This node joined a swarm as a {role}.");
        });
    }

    public static Command JoinToken(Cli cli)
    {
        var role = new Argument<string>("ROLE") { Description = "worker or manager" };
        role.AcceptOnlyFromAmong("worker", "manager");
        var rotate = new Option<bool>("--rotate") { Description = "Make a new token; the old one is void" };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Only the token" };
        return cli.OnEngine(new Command("join-token", "Show or change the tokens that let nodes join") { role, rotate, quiet }, async (parsed, client, cancellation) =>
        {
            var manager = parsed.GetRequiredValue(role) == "manager";
            var cluster = await client.InspectSwarmAsync(cancellation);
            if (parsed.GetValue(rotate))
            {
                await client.UpdateSwarmAsync(cluster.Version!.Index, cluster.Spec!, cancellation, rotateWorkerToken: !manager, rotateManagerToken: manager);
                cluster = await client.InspectSwarmAsync(cancellation);
            }

            var token = manager ? cluster.JoinTokens!.Manager : cluster.JoinTokens!.Worker;
            if (parsed.GetValue(quiet))
            {
                await cli.Out.WriteLineAsync(token);
                return;
            }

            var nodes = await client.NodesAsync(cancellation);
            var address = nodes.Select(n => n.ManagerStatus).FirstOrDefault(m => m?.Leader == true)?.Addr;
            await cli.Out.WriteLineAsync($"""
                To add a {parsed.GetRequiredValue(role)} to this swarm, run the following command:

                    swarm join --token {token} {address}
                """);
        });
    }

    public static Command Leave(Cli cli)
    {
        var force = new Option<bool>("--force", "-f") { Description = "Also if it is a manager, or the last one" };
        return cli.OnEngine(new Command("leave", "Leave the cluster") { force }, async (parsed, client, cancellation) =>
        {
            await client.LeaveSwarmAsync(parsed.GetValue(force), cancellation);
            await cli.Out.WriteLineAsync("Node left the swarm.");
        });
    }

    /// <summary>Docker asks the same: only a manager answers this.</summary>
    private static async Task<bool> IsManagerAsync(EngineClient client, CancellationToken cancellation)
    {
        try
        {
            _ = await client.InspectSwarmAsync(cancellation);
            return true;
        }
        catch (EngineClientException e) when (e.Status == System.Net.HttpStatusCode.ServiceUnavailable)
        {
            return false;
        }
    }

    private static Option<string?> Availability()
    {
        var option = new Option<string?>("--availability") { Description = Availabilities, HelpName = "availability" };
        option.AcceptOnlyFromAmong("active", "pause", "drain");
        return option;
    }
}

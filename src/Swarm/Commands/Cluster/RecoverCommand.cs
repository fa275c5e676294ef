using System.CommandLine;
using Swarm.Api.Wire;

namespace Swarm.Commands.Cluster;

/// <summary>`swarm recover`: docker's `swarm init --force-new-cluster` under the name of what it is for.</summary>
internal static class RecoverCommand
{
    public static Command Build(Cli cli)
    {
        var listen = new Option<string?>("--listen-addr") { Description = "Where this node listens for other nodes (default: as before)", HelpName = "host:port" };
        var advertise = new Option<string?>("--advertise-addr") { Description = "Where other nodes reach this one (default: as before)", HelpName = "host:port" };
        const string description = "Go on from this manager alone, because the others are lost for good: services, networks, workers and identity stay";
        return cli.OnEngine(new Command("recover", description) { listen, advertise }, async (parsed, client, cancellation) =>
        {
            var id = await client.InitSwarmAsync(
                new InitRequest { ForceNewCluster = true, ListenAddr = parsed.GetValue(listen), AdvertiseAddr = parsed.GetValue(advertise) }, cancellation);
            await cli.Out.WriteLineAsync($"""
                Swarm recovered: this node ({id}) is its only manager now.

                The former managers are workers, and become it by themselves when they come back. Remove those that never will: swarm node rm NODE
                To add managers: swarm join-token manager, or swarm node promote NODE
                """);
        });
    }
}

using System.CommandLine;

namespace Swarm.Commands.Cluster;

/// <summary>`swarm peer ...`: where the managers are.</summary>
internal static class PeerCommands
{
    public static Command Build(Cli cli) => new("peer", "The managers' addresses that a node knows") { Add(cli), List(cli) };

    private static Command Add(Cli cli)
    {
        var address = new Argument<string>("HOST:PORT") { Description = "Where a manager of this node's cluster is now" };
        return cli.OnEngine(new Command("add", "Tell this node where a manager is, when all have moved and none finds the others") { address }, async (parsed, client, cancellation) =>
        {
            await client.MeetPeerAsync(parsed.GetRequiredValue(address), cancellation);
            await cli.Out.WriteLineAsync($"A manager was found at {parsed.GetRequiredValue(address)}.");
        });
    }

    private static Command List(Cli cli) =>
        cli.OnEngine(new Command("ls", "List the managers that this node knows"), async (_, client, cancellation) =>
        {
            var table = new Text.TextTable("NODE ID", "ADDRESS");
            foreach (var peer in (await client.InfoAsync(cancellation)).Swarm?.RemoteManagers ?? [])
            {
                table.Add(peer.NodeID, peer.Addr);
            }

            table.Write(cli.Out);
        });
}

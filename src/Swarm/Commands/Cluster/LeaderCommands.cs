using System.CommandLine;
using Swarm.Commands.Nodes;

namespace Swarm.Commands.Cluster;

/// <summary>`swarm leader ...`: which manager leads.</summary>
internal static class LeaderCommands
{
    public static Command Build(Cli cli) => new("leader", "The manager that leads the others") { Transfer(cli) };

    private static Command Transfer(Cli cli)
    {
        var name = new Argument<string?>("NODE") { Description = "Who shall lead (default: whoever is elected)", Arity = ArgumentArity.ZeroOrOne };
        return cli.OnEngine(new Command("transfer", "Hand the leadership over to another manager") { name }, async (parsed, client, cancellation) =>
        {
            var wanted = parsed.GetValue(name) is { } text ? (await NodeCommands.FindAsync(client, text, cancellation)).ID : "";
            var leader = await client.TransferLeadershipAsync(wanted, cancellation);
            var host = (await client.NodeAsync(leader, cancellation)).Description?.Hostname;
            await cli.Out.WriteLineAsync($"Node {leader} ({host}) leads the swarm.");
        });
    }
}

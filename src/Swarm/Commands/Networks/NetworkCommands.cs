using System.CommandLine;
using System.Globalization;
using Swarm.Commands.Text;

namespace Swarm.Commands.Networks;

/// <summary>`swarm network ...`: what docker's own command has not.</summary>
internal static class NetworkCommands
{
    public static Command Build(Cli cli) => new("network", "The cluster's networks") { Check(cli) };

    private static Command Check(Cli cli)
    {
        var name = new Argument<string>("NETWORK");
        var command = new Command("check", "Compare every node's part of a network with the store, and name what differs") { name };
        return cli.OnEngine(command, async (parsed, client, cancellation) =>
        {
            var results = await client.CheckNetworkAsync(parsed.GetRequiredValue(name), cancellation);
            var nodes = (await client.NodesAsync(cancellation)).ToDictionary(node => node.ID, node => node.Description?.Hostname ?? node.ID);
            var table = new TextTable("NODE", "INDEX", "DIFFERENCE");
            foreach (var result in results)
            {
                foreach (var difference in result.Differences.DefaultIfEmpty("none"))
                {
                    table.Add(nodes.GetValueOrDefault(result.NodeID, result.NodeID), result.Index?.ToString(CultureInfo.InvariantCulture) ?? "-", difference);
                }
            }

            table.Write(cli.Out);
            if (results.Sum(result => result.Differences.Count) is var count and > 0)
            {
                throw new CommandException($"{count} differences on {results.Count(result => result.Differences.Count > 0)} of {results.Count} nodes");
            }
        });
    }
}

using System.CommandLine;
using Swarm.Commands.Text;

namespace Swarm.Commands.Services;

/// <summary>`swarm rebalance SERVICE`.</summary>
internal static class RebalanceCommand
{
    public static Command Build(Cli cli)
    {
        var name = new Argument<string>("SERVICE");
        var budget = new Option<int?>("--budget") { Description = "Tasks that may move (default: as many as it takes)", HelpName = "tasks" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say which tasks would move" };
        var command = new Command("rebalance", "Level a service's tasks over the nodes, each replaced before it is stopped") { name, budget, dryRun };
        return cli.OnEngine(command, async (parsed, client, cancellation) =>
        {
            var answer = await client.RebalanceServiceAsync(parsed.GetRequiredValue(name), parsed.GetValue(budget), parsed.GetValue(dryRun), cancellation);
            if (answer.Moves.Count == 0)
            {
                await cli.Out.WriteLineAsync("the nodes are level: nothing moves");
                return;
            }

            var nodes = (await client.NodesAsync(cancellation)).ToDictionary(node => node.ID, node => node.Description?.Hostname ?? node.ID);
            var table = new TextTable("SLOT", "TASK", "FROM", "TO");
            foreach (var move in answer.Moves)
            {
                table.Add(move.Slot.ToString(), Cli.ShortId(move.TaskID), nodes.GetValueOrDefault(move.From, move.From), nodes.GetValueOrDefault(move.To, move.To));
            }

            table.Write(cli.Out);
        });
    }
}

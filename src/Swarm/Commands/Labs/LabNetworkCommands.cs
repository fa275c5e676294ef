using System.CommandLine;
using Swarm.Lab.Network;
using Swarm.Lab.State;

namespace Swarm.Commands.Labs;

/// <summary>Faults of a lab's cables.</summary>
internal static class LabNetworkCommands
{
    public static Command Partition(LabContext context)
    {
        var groups = new Argument<string[]>("GROUPS") { Arity = ArgumentArity.OneOrMore, Description = "As in: m1,m2 / m3,w1. Nodes that are not named form one more group" };
        return context.Cli.Local(new Command("partition", "Cut the cables between groups of nodes") { groups }, async (parsed, cancellation) =>
        {
            var lab = context.Open(parsed);
            await lab.PartitionAsync(parsed.GetRequiredValue(groups), cancellation);
            await context.Cli.Out.WriteLineAsync(Groups(lab.Record));
            return 0;
        });
    }

    public static Command Cut(LabContext context)
    {
        var edges = new Argument<string[]>("EDGE") { Arity = ArgumentArity.OneOrMore, Description = "As in: 'm1->m2' 'm2>m3' (quoted, for the shell): what the first sends, the second never hears" };
        var path = new Option<CutPath>("--path") { Description = "data: only the frames of containers' networks are lost; control: all but those" };
        return context.Cli.Local(new Command("cut", "Cut single directions between nodes; replaces all cuts that stand") { edges, path }, async (parsed, cancellation) =>
        {
            var lab = context.Open(parsed);
            await lab.CutAsync(Swarm.Lab.Network.Cut.Parse(parsed.GetRequiredValue(edges)), cancellation, parsed.GetValue(path));
            await context.Cli.Out.WriteLineAsync(string.Join(' ', lab.Record.Cuts));
            return 0;
        });
    }

    public static Command Lose(LabContext context)
    {
        var share = new Argument<string>("SHARE") { Description = "As in 20% or 0.2; 0 ends it" };
        var nodes = new Argument<string[]>("NODE") { Arity = ArgumentArity.ZeroOrMore, Description = "Default: all" };
        return context.Cli.Local(new Command("loss", "Lose a share of the packets from and to nodes, by chance") { share, nodes }, async (parsed, cancellation) =>
        {
            await context.Open(parsed).LossAsync(Loss.Parse(parsed.GetRequiredValue(share)), parsed.GetValue(nodes) ?? [], cancellation);
            return 0;
        });
    }

    public static Command Heal(LabContext context) =>
        context.Cli.Local(new Command("heal", "Everybody hears everybody again: ends cuts, partitions and loss"), async (parsed, cancellation) =>
        {
            await context.Open(parsed).HealAsync(cancellation);
            return 0;
        });

    /// <summary>What stands, one line each; empty if all is well.</summary>
    public static IEnumerable<string> Describe(LabRecord record)
    {
        if (record.Partition.Length > 0)
        {
            yield return "partition: " + Groups(record);
        }
        else if (record.Cuts.Length > 0)
        {
            yield return "cuts: " + string.Join(' ', record.Cuts);
        }

        foreach (var group in record.Nodes.Where(n => n.Loss > 0).GroupBy(n => n.Loss, n => n.Name))
        {
            yield return $"loss: {Loss.Text(group.Key)} of {string.Join(',', group)}";
        }

        foreach (var node in record.Nodes.Where(n => n.CpuPercent is not null))
        {
            yield return $"squeezed: {node.Name} to {node.CpuPercent}% of a processor";
        }
    }

    private static string Groups(LabRecord record) => string.Join(" / ", record.Partition.Select(g => string.Join(',', g)));
}

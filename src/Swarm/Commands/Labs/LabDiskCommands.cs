using System.CommandLine;
using System.Globalization;
using Swarm.Api.Client;
using Swarm.Commands.Text;
using Swarm.Lab.Disks;

namespace Swarm.Commands.Labs;

/// <summary>Faults of a lab's disks, and of a node's place and strength.</summary>
internal static class LabDiskCommands
{
    /// <summary>One line for `status`.</summary>
    public static string Word(DiskState state) => state == DiskState.None ? "folder" : state.ToString().ToLowerInvariant();

    /// <exception cref="FormatException">No size.</exception>
    public static long? Size(string? text) =>
        text is null ? null
        : HumanSize.TryParse(text, out var bytes) ? bytes
        : throw new FormatException($"'{text}' is no size of a disk: write 512m or 2g");

    public static IEnumerable<Command> All(LabContext context) =>
    [
        OnNodes(context, "powercut", "Cut the power of nodes: as kill, and what was not fsynced is lost", (lab, nodes, c) => lab.PowerCutAsync(nodes, c)),
        OnEach(context, "fill", "Fill the disks of nodes", (lab, node, c) => lab.FillDiskAsync(node, c)),
        OnEach(context, "free", "End 'fill'", (lab, node, c) => lab.FreeDiskAsync(node, c)),
        OnEach(context, "break", "Let every write of nodes fail, until they are restarted", (lab, node, c) => lab.BreakDiskAsync(node, c)),
        OnEach(context, "wipe", "Switch nodes off and empty their disks", (lab, node, c) => lab.WipeDiskAsync(node, c)),
        Rejoin(context),
        Move(context),
        Squeeze(context),
    ];

    private static Command Rejoin(LabContext context)
    {
        var node = new Argument<string>("NODE");
        var busybox = LabLifeCommands.Busybox();
        return context.Cli.Local(new Command("rejoin", "Let a node that was wiped join the cluster again") { node, busybox }, async (parsed, cancellation) =>
        {
            await context.Open(parsed).RejoinAsync(parsed.GetRequiredValue(node), parsed.GetValue(busybox), cancellation);
            return 0;
        });
    }

    private static Command Move(LabContext context)
    {
        var node = new Argument<string>("NODE");
        return context.Cli.Local(new Command("move", "Give a node another address: off and on again") { node }, async (parsed, cancellation) =>
        {
            var address = await context.Open(parsed).MoveAsync(parsed.GetRequiredValue(node), cancellation);
            await context.Cli.Out.WriteLineAsync(address.ToString());
            return 0;
        });
    }

    private static Command Squeeze(LabContext context)
    {
        var node = new Argument<string>("NODE");
        var share = new Argument<string>("PERCENT") { Description = "Of one processor, as in 20%; 0 ends it" };
        return context.Cli.Local(new Command("squeeze", "Leave a node only a share of a processor") { node, share }, async (parsed, cancellation) =>
        {
            var text = parsed.GetRequiredValue(share);
            if (!int.TryParse(text.TrimEnd('%'), NumberStyles.None, CultureInfo.InvariantCulture, out var percent))
            {
                throw new FormatException($"'{text}' is no share of a processor: write 20%");
            }

            await context.Open(parsed).SqueezeAsync(parsed.GetRequiredValue(node), percent, cancellation);
            return 0;
        });
    }

    private static Command OnEach(LabContext context, string name, string description, Func<Swarm.Lab.Lab, string, CancellationToken, Task> action) =>
        OnNodes(context, name, description, async (lab, nodes, cancellation) =>
        {
            foreach (var node in nodes)
            {
                await action(lab, node, cancellation);
            }
        });

    private static Command OnNodes(LabContext context, string name, string description, Func<Swarm.Lab.Lab, string[], CancellationToken, Task> action)
    {
        var nodes = new Argument<string[]>("NODE") { Arity = ArgumentArity.OneOrMore };
        return context.Cli.Local(new Command(name, description) { nodes }, async (parsed, cancellation) =>
        {
            await action(context.Open(parsed), parsed.GetRequiredValue(nodes), cancellation);
            return 0;
        });
    }
}

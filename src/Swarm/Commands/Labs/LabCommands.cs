using System.CommandLine;
using Swarm.Lab;
using Swarm.Lab.State;

namespace Swarm.Commands.Labs;

/// <summary>`swarm lab ...`: clusters of several nodes on this machine, and their faults.</summary>
internal static class LabCommands
{
    public static Command Build(Cli cli, HashSet<Command> ownCommandLine)
    {
        var context = new LabContext(cli, LabHost.Default(cli.Time));
        var command = new Command("lab", "Clusters of several nodes on this machine, and their faults")
        {
            context.Name,
            LabLifeCommands.Demo(context),
            LabLifeCommands.Up(context),
            LabLifeCommands.Add(context),
            LabLifeCommands.Remove(context),
            LabLifeCommands.Down(context),
            LabViewCommands.List(context),
            LabViewCommands.Status(context),
            LabViewCommands.Endpoints(context),
            LabViewCommands.Use(context),
            LabViewCommands.Logs(context),
            LabViewCommands.Shell(context, ownCommandLine),
            Kill(context),
            OnNodes(context, "pause", "Stop every process of nodes where it stands, as a machine that hangs", (lab, nodes, c) => lab.PauseAsync(nodes, c)),
            OnNodes(context, "resume", "Let paused nodes go on", (lab, nodes, c) => lab.ResumeAsync(nodes, c)),
            Restart(context),
            LabNetworkCommands.Partition(context),
            LabNetworkCommands.Cut(context),
            LabNetworkCommands.Lose(context),
            LabNetworkCommands.Heal(context),
        };
        foreach (var fault in LabDiskCommands.All(context))
        {
            command.Add(fault);
        }

        return command;
    }

    private static Command Kill(LabContext context)
    {
        var daemonOnly = new Option<bool>("--daemon-only") { Description = "Only the daemon dies; its containers run on" };
        var command = OnNodes(context, "kill", "Cut the power of nodes: daemon, shims and containers die at once, the disk stays", null);
        command.Add(daemonOnly);
        var nodes = (Argument<string[]>)command.Arguments[0];
        return context.Cli.Local(command, async (parsed, cancellation) =>
        {
            await context.Open(parsed).KillAsync(parsed.GetRequiredValue(nodes), parsed.GetValue(daemonOnly), cancellation);
            return 0;
        });
    }

    private static Command Restart(LabContext context)
    {
        var binary = new Option<string?>("--binary") { HelpName = "path", Description = "The program that they run from now on, as in an upgrade" };
        var command = OnNodes(context, "restart", "Switch nodes on, or restart the daemons of running ones", null);
        command.Add(binary);
        var nodes = (Argument<string[]>)command.Arguments[0];
        return context.Cli.Local(command, async (parsed, cancellation) =>
        {
            await context.Open(parsed).RestartAsync(parsed.GetRequiredValue(nodes), cancellation, parsed.GetValue(binary));
            return 0;
        });
    }

    private static Command OnNodes(LabContext context, string name, string description, Func<Swarm.Lab.Lab, string[], CancellationToken, Task>? action)
    {
        var nodes = new Argument<string[]>("NODE") { Arity = ArgumentArity.OneOrMore };
        var command = new Command(name, description) { nodes };
        return action is null ? command : context.Cli.Local(command, async (parsed, cancellation) =>
        {
            await action(context.Open(parsed), parsed.GetRequiredValue(nodes), cancellation);
            return 0;
        });
    }
}

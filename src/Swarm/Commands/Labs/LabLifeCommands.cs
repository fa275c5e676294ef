using System.CommandLine;
using Swarm.Lab;
using Swarm.Lab.Demo;
using Swarm.Lab.State;

namespace Swarm.Commands.Labs;

/// <summary>Making labs and taking them down.</summary>
internal static class LabLifeCommands
{
    public static Command Up(LabContext context)
    {
        var name = OptionalName(LabOptions.DefaultName);
        var managers = new Option<int>("--managers", "-m") { DefaultValueFactory = _ => 3, Description = "Nodes that keep the cluster's state" };
        var workers = new Option<int>("--workers", "-w") { DefaultValueFactory = _ => 2, Description = "Nodes that only run tasks" };
        var busybox = Busybox();
        var disk = new Option<string?>("--disk") { HelpName = "size", Description = "Give each node a disk of its own, as in 512m; needed by powercut, fill and break" };
        var binaries = new Option<string[]>("--binary") { HelpName = "NODE=path", Description = "Let a node run another program, as of an older version" };
        var keep = new Option<bool>("--keep-on-failure") { Description = "Leave what was made when it does not come up" };
        return context.Cli.Local(new Command("up", "Make a lab") { name, managers, workers, busybox, disk, binaries, keep }, async (parsed, cancellation) =>
        {
            var lab = await Swarm.Lab.Lab.UpAsync(
                context.Host,
                new LabOptions
                {
                    Name = parsed.GetRequiredValue(name),
                    Managers = parsed.GetValue(managers),
                    Workers = parsed.GetValue(workers),
                    Binary = Binary,
                    Busybox = parsed.GetValue(busybox),
                    DiskBytes = LabDiskCommands.Size(parsed.GetValue(disk)),
                    Binaries = BinariesOf(parsed.GetValue(binaries) ?? []),
                    KeepOnFailure = parsed.GetValue(keep),
                },
                context.Progress,
                cancellation);
            await context.Cli.Out.WriteLineAsync($"export DOCKER_HOST={lab.Paths("m1").DockerHost}");
            return 0;
        });
    }

    public static Command Add(LabContext context)
    {
        var manager = new Option<bool>("--manager") { Description = "Join as a manager instead of as a worker" };
        var busybox = Busybox();
        return context.Cli.Local(new Command("add", "Add a node to a lab") { manager, busybox }, async (parsed, cancellation) =>
        {
            var lab = context.Open(parsed);
            var options = new LabOptions { Binary = lab.Record.Binary, Busybox = parsed.GetValue(busybox) };
            var role = parsed.GetValue(manager) ? LabRole.Manager : LabRole.Worker;
            await context.Cli.Out.WriteLineAsync(await lab.AddAsync(role, options, context.Progress, cancellation));
            return 0;
        });
    }

    public static Command Remove(LabContext context)
    {
        var node = new Argument<string>("NODE");
        var force = new Option<bool>("--force", "-f") { Description = "Also if the cluster cannot be asked" };
        return context.Cli.Local(new Command("rm", "Take a node out of the cluster and away") { node, force }, async (parsed, cancellation) =>
        {
            await context.Open(parsed).RemoveAsync(parsed.GetRequiredValue(node), parsed.GetValue(force), cancellation);
            return 0;
        });
    }

    public static Command Down(LabContext context)
    {
        var names = new Argument<string[]>("NAME") { Arity = ArgumentArity.ZeroOrMore, Description = "Default: the only one" };
        var all = new Option<bool>("--all") { Description = "Every lab of this machine" };
        return context.Cli.Local(new Command("down", "Take labs down; nothing stays") { names, all }, async (parsed, cancellation) =>
        {
            var chosen = parsed.GetValue(all) ? Swarm.Lab.Lab.Names(context.Host)
                : parsed.GetValue(names) is { Length: > 0 } given ? given
                : [context.Choose(parsed.GetValue(context.Name))];
            foreach (var name in chosen)
            {
                await Swarm.Lab.Lab.DownAsync(context.Host, name, cancellation);
                context.Progress($"lab {name} is down");
            }

            return 0;
        });
    }

    public static Command Demo(LabContext context)
    {
        var name = OptionalName(LabDemo.DefaultName);
        var busybox = Busybox();
        return context.Cli.Local(new Command("demo", "See it work: five nodes, six replicas, and the leader killed") { name, busybox }, async (parsed, cancellation) =>
        {
            var options = new LabOptions { Name = parsed.GetRequiredValue(name), Binary = Binary, Busybox = parsed.GetValue(busybox) };
            await new LabDemo(context.Host, options, context.Cli.Out).RunAsync(cancellation);
            return 0;
        });
    }

    /// <summary>A lab's daemons run the very program that made it.</summary>
    private static string Binary => Environment.ProcessPath ?? throw new LabException("cannot tell which program this is: /proc is not mounted");

    private static Dictionary<string, string> BinariesOf(string[] given)
    {
        var binaries = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var one in given)
        {
            if (one.Split('=', 2) is not [{ Length: > 0 } node, { Length: > 0 } path])
            {
                throw new LabException($"'{one}' names no node's program: --binary m2=/path/to/swarm");
            }

            binaries[node] = path;
        }

        return binaries;
    }

    private static Argument<string> OptionalName(string name) => new("NAME") { DefaultValueFactory = _ => name, Arity = ArgumentArity.ZeroOrOne };

    public static Option<string> Busybox() =>
        new("--busybox") { DefaultValueFactory = _ => "/bin/busybox", Description = "Static busybox of which the image busybox:latest is made", HelpName = "file" };
}

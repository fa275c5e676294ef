using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Swarm.Commands.Text;
using Swarm.Lab;
using Swarm.Lab.Nodes;
using Swarm.Lab.State;

namespace Swarm.Commands.Labs;

/// <summary>Looking at labs.</summary>
internal static class LabViewCommands
{
    public static Command List(LabContext context) =>
        context.Cli.Local(new Command("ls", "List labs"), (_, _) =>
        {
            var table = new TextTable("NAME", "MANAGERS", "WORKERS", "RUNNING", "CREATED");
            foreach (var name in Swarm.Lab.Lab.Names(context.Host))
            {
                var lab = Swarm.Lab.Lab.Open(context.Host, name);
                var record = lab.Record;
                table.Add(
                    name,
                    Count(record, LabRole.Manager),
                    Count(record, LabRole.Worker),
                    $"{lab.Running().Count}/{record.Nodes.Length}",
                    HumanDuration.Words(context.Cli.Time.GetUtcNow() - record.Created) + " ago");
            }

            table.Write(context.Cli.Out);
            return Task.FromResult(0);
        });

    public static Command Status(LabContext context) =>
        context.Cli.Local(new Command("status", "Show a lab's nodes, as the machine and as the cluster sees them"), async (parsed, cancellation) =>
        {
            var lab = context.Open(parsed);
            var seen = await lab.ClusterViewAsync(cancellation);
            var table = new TextTable("NODE", "ROLE", "ADDRESS", "MACHINE", "DISK", "CLUSTER", "MANAGER", "DAEMON PID");
            foreach (var node in lab.Record.Nodes)
            {
                var view = seen.FirstOrDefault(v => v.Hostname == node.Name);
                table.Add(
                    node.Name,
                    node.Role.ToString().ToLowerInvariant(),
                    lab.Address(node.Name).ToString(),
                    Word(lab.Condition(node.Name)),
                    LabDiskCommands.Word(lab.Disk(node.Name)),
                    view is null ? "-" : $"{view.State}/{view.Availability}",
                    view?.Manager ?? "",
                    lab.Condition(node.Name) is NodeCondition.Running or NodeCondition.Paused ? node.Daemon!.Pid.ToString(CultureInfo.InvariantCulture) : "-");
            }

            table.Write(context.Cli.Out);
            foreach (var fault in LabNetworkCommands.Describe(lab.Record))
            {
                await context.Cli.Out.WriteLineAsync("\n" + fault);
            }

            return 0;
        });

    public static Command Endpoints(LabContext context)
    {
        var name = new Argument<string?>("NAME") { Arity = ArgumentArity.ZeroOrOne };
        var format = new Option<string>("--format") { DefaultValueFactory = _ => "table", Description = "table or json" };
        format.AcceptOnlyFromAmong("table", "json");
        return context.Cli.Local(new Command("endpoints", "Where each node's API listens") { name, format }, async (parsed, _) =>
        {
            var lab = Swarm.Lab.Lab.Open(context.Host, context.Choose(parsed.GetValue(name) ?? parsed.GetValue(context.Name)));
            var endpoints = lab.Endpoints();
            if (parsed.GetValue(format) == "json")
            {
                await context.Cli.Out.WriteLineAsync(JsonSerializer.Serialize(endpoints, LabJson.Default.IReadOnlyListNodeEndpoint));
                return 0;
            }

            var table = new TextTable("NODE", "ROLE", "ADDRESS", "DOCKER_HOST");
            foreach (var endpoint in endpoints)
            {
                table.Add(endpoint.Node, endpoint.Role, endpoint.Address, endpoint.DockerHost);
            }

            table.Write(context.Cli.Out);
            return 0;
        });
    }

    public static Command Use(LabContext context)
    {
        var node = new Argument<string?>("NODE") { Arity = ArgumentArity.ZeroOrOne, Description = "Default: the first manager that runs" };
        return context.Cli.Local(new Command("use", "Print what points docker and swarm at a lab: eval \"$(swarm lab use)\"") { node }, async (parsed, _) =>
        {
            var lab = context.Open(parsed);
            var chosen = parsed.GetValue(node) ?? lab.Running().FirstOrDefault() ?? throw new LabException($"no node of lab {lab.Name} runs");
            await context.Cli.Out.WriteLineAsync("export DOCKER_HOST=" + lab.Paths(chosen).DockerHost);
            return 0;
        });
    }

    public static Command Logs(LabContext context)
    {
        var node = new Argument<string>("NODE");
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with what is written" };
        var lines = new Option<int>("--tail", "-n") { DefaultValueFactory = _ => 100, Description = "Lines from the end" };
        return context.Cli.Local(new Command("logs", "Show a node's daemon log") { node, follow, lines }, async (parsed, _) =>
        {
            var log = context.Open(parsed).Paths(parsed.GetRequiredValue(node)).Log;
            if (parsed.GetValue(follow))
            {
                NodeShell.Replace(["/usr/bin/tail", "-n", parsed.GetValue(lines).ToString(CultureInfo.InvariantCulture), "-F", log]);
            }

            foreach (var line in LogFile.Tail(log, parsed.GetValue(lines)))
            {
                await context.Cli.Out.WriteLineAsync(line);
            }

            return 0;
        });
    }

    public static Command Shell(LabContext context, HashSet<Command> ownCommandLine)
    {
        var node = new Argument<string>("NODE");
        var words = new Argument<string[]>("COMMAND") { Arity = ArgumentArity.ZeroOrMore, Description = "Default: bash" };
        var command = new Command("shell", "Run a command, or a shell, in a node's network, under its name, with DOCKER_HOST set") { node, words };
        ownCommandLine.Add(command);
        return context.Cli.Local(command, (parsed, _) =>
        {
            var lab = context.Open(parsed);
            var name = parsed.GetRequiredValue(node);
            NodeShell.Enter(lab.Paths(name), name, parsed.GetValue(words) ?? []);
            return Task.FromResult(0);
        });
    }

    private static string Count(LabRecord record, LabRole role) =>
        record.Nodes.Count(n => n.Role == role).ToString(CultureInfo.InvariantCulture);

    private static string Word(NodeCondition condition) => condition switch
    {
        NodeCondition.DaemonDown => "daemon down",
        _ => condition.ToString().ToLowerInvariant(),
    };
}

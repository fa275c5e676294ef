using System.CommandLine;
using Swarm.Api.Client;
using Swarm.Api.Wire;
using Swarm.Commands.Services;
using Swarm.Commands.Text;
using Swarm.Compose.Conversion;
using Swarm.Compose.Deployment;

namespace Swarm.Commands.Stacks;

/// <summary>`swarm stack ...`: as docker's, found by the same labels.</summary>
internal static class StackCommands
{
    public static Command Build(Cli cli) => new("stack", "Stacks: services that are described together in compose files")
    {
        DeployCommand.Build(cli),
        DeployCommand.BuildConfig(cli),
        List(cli),
        Tasks(cli),
        Services(cli),
        Remove(cli),
    };

    private static Command List(Cli cli) => cli.OnEngine(new Command("ls", "List stacks"), async (_, client, cancellation) =>
    {
        var table = new TextTable("NAME", "SERVICES");
        foreach (var stack in (await client.ServicesAsync(cancellation, new KeyValuePair<string, string>("label", StackLabels.Namespace)))
            .GroupBy(service => service.Spec?.Labels?.GetValueOrDefault(StackLabels.Namespace) ?? "", StringComparer.Ordinal).OrderBy(stack => stack.Key, StringComparer.Ordinal))
        {
            table.Add(stack.Key, stack.Count().ToString());
        }

        table.Write(cli.Out);
    });

    private static Command Tasks(Cli cli)
    {
        var name = new Argument<string>("STACK");
        var noTrunc = new Option<bool>("--no-trunc") { Description = "Do not shorten" };
        return cli.OnEngine(new Command("ps", "List the tasks of a stack") { name, noTrunc }, async (parsed, client, cancellation) =>
        {
            var stack = parsed.GetRequiredValue(name);
            var tasks = await client.TasksAsync(cancellation, StackDeployment.OfStack(stack));
            if (tasks.Count == 0)
            {
                throw new CommandException($"nothing found in stack: {stack}");
            }

            await TaskTable.WriteAsync(cli, client, tasks, parsed.GetValue(noTrunc), cancellation);
        });
    }

    private static Command Services(Cli cli)
    {
        var name = new Argument<string>("STACK");
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Only ids" };
        return cli.OnEngine(new Command("services", "List the services of a stack") { name, quiet }, async (parsed, client, cancellation) =>
        {
            var stack = parsed.GetRequiredValue(name);
            var services = await client.ServicesAsync(cancellation, StackDeployment.OfStack(stack));
            if (services.Count == 0)
            {
                throw new CommandException($"nothing found in stack: {stack}");
            }

            ServiceTable.Write(cli, services, parsed.GetValue(quiet));
        });
    }

    private static Command Remove(Cli cli)
    {
        var names = new Argument<string[]>("STACK") { Arity = ArgumentArity.OneOrMore };
        return cli.OnEngine(new Command("rm", "Remove stacks: their services, secrets, configs and networks") { names }, (parsed, client, cancellation) =>
            cli.ForEachAsync(parsed.GetRequiredValue(names), name => new StackRemoval(client, cli.Time, line => cli.Out.WriteLine(line)).RemoveAsync(name, cancellation)));
    }
}

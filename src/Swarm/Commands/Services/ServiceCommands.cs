using System.CommandLine;
using Swarm.Api.Client;
using Swarm.Api.Wire;
using Swarm.Commands.Text;

namespace Swarm.Commands.Services;

/// <summary>`swarm service ...`.</summary>
internal static class ServiceCommands
{
    public static Command Build(Cli cli, HashSet<Command> ownCommandLine)
    {
        var create = ServiceChangeCommands.Create(cli);
        ownCommandLine.Add(create);
        return new Command("service", "The cluster's services")
        {
            create,
            ServiceChangeCommands.Update(cli),
            ServiceChangeCommands.Scale(cli),
            List(cli),
            Tasks(cli),
            Inspect(cli),
            Remove(cli),
            Logs(cli),
        };
    }

    private static Command List(Cli cli)
    {
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Only ids" };
        return cli.OnEngine(new Command("ls", "List services") { quiet }, async (parsed, client, cancellation) =>
            ServiceTable.Write(cli, await client.ServicesAsync(cancellation), parsed.GetValue(quiet)));
    }

    private static Command Tasks(Cli cli)
    {
        var names = new Argument<string[]>("SERVICE") { Arity = ArgumentArity.OneOrMore };
        var noTrunc = new Option<bool>("--no-trunc") { Description = "Do not shorten" };
        var filters = new Option<string[]>("--filter", "-f") { Description = "Such as desired-state=running or node=ID", HelpName = "filter" };
        return cli.OnEngine(new Command("ps", "List the tasks of services") { names, noTrunc, filters }, async (parsed, client, cancellation) =>
        {
            var wanted = (parsed.GetValue(filters) ?? []).Select(KeyValues.Parse).Select(f => new KeyValuePair<string, string>(f.Key, f.Value ?? "")).ToList();
            foreach (var name in parsed.GetRequiredValue(names))
            {
                wanted.Add(new("service", (await client.ServiceAsync(name, cancellation)).ID));
            }

            await TaskTable.WriteAsync(cli, client, await client.TasksAsync(cancellation, [.. wanted]), parsed.GetValue(noTrunc), cancellation);
        });
    }

    private static Command Inspect(Cli cli)
    {
        var names = new Argument<string[]>("SERVICE") { Arity = ArgumentArity.OneOrMore };
        return cli.OnEngine(new Command("inspect", "Show services in detail") { names }, async (parsed, client, cancellation) =>
        {
            var found = new List<Service>();
            var status = await cli.ForEachAsync(parsed.GetRequiredValue(names), async name => found.Add(await client.ServiceAsync(name, cancellation)));
            await cli.Out.WriteLineAsync(InspectJson.Array(found, SwarmJson.Default.Service));
            return status;
        });
    }

    private static Command Remove(Cli cli)
    {
        var names = new Argument<string[]>("SERVICE") { Arity = ArgumentArity.OneOrMore };
        return cli.OnEngine(new Command("rm", "Remove services and their tasks") { names }, (parsed, client, cancellation) =>
            cli.ForEachAsync(parsed.GetRequiredValue(names), async name =>
            {
                await client.RemoveServiceAsync(name, cancellation);
                await cli.Out.WriteLineAsync(name);
            }));
    }

    private static Command Logs(Cli cli)
    {
        var name = new Argument<string>("SERVICE") { Description = "A service, or a task by its id" };
        return Containers.LogCommand.Build(cli, "Show what the tasks of a service wrote", name, async (client, service, cancellation) =>
        {
            try
            {
                return (LogSource.Service, (await client.ServiceAsync(service, cancellation)).ID);
            }
            catch (EngineClientException e) when (e.Status == System.Net.HttpStatusCode.NotFound)
            {
                return (LogSource.Task, service);
            }
        });
    }
}

using System.CommandLine;
using System.Globalization;
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
        {
            var services = (await client.ServicesAsync(cancellation)).OrderBy(s => s.Spec?.Name, StringComparer.Ordinal).ToList();
            if (parsed.GetValue(quiet))
            {
                services.ForEach(s => cli.Out.WriteLine(s.ID));
                return;
            }

            var table = new TextTable("ID", "NAME", "MODE", "REPLICAS", "IMAGE", "PORTS");
            foreach (var service in services)
            {
                table.Add(Cli.ShortId(service.ID), service.Spec?.Name ?? "", Mode(service.Spec?.Mode), Replicas(service), Image(service.Spec), Ports(service));
            }

            table.Write(cli.Out);
        });
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

    private static string Mode(ServiceMode? mode) => mode switch
    {
        { Global: not null } => "global",
        { GlobalJob: not null } => "global job",
        { ReplicatedJob: not null } => "replicated job",
        _ => "replicated",
    };

    private static string Replicas(Service service)
    {
        var status = service.ServiceStatus ?? new ServiceStatus();
        var text = $"{status.RunningTasks}/{status.DesiredTasks}";
        return service.Spec?.TaskTemplate?.Placement?.MaxReplicas is > 0 and var max ? $"{text} (max {max} per node)" : text;
    }

    /// <summary>Without the digest that the engine may have pinned, as docker shows it.</summary>
    private static string Image(ServiceSpec? spec)
    {
        var image = spec?.TaskTemplate?.ContainerSpec?.Image ?? "";
        var digest = image.IndexOf('@', StringComparison.Ordinal);
        return digest > 0 ? image[..digest] : image;
    }

    private static string Ports(Service service) =>
        string.Join(", ", (service.Endpoint?.Ports ?? []).Where(p => p.PublishMode is null or "ingress")
            .Select(p => string.Create(CultureInfo.InvariantCulture, $"*:{p.PublishedPort}->{p.TargetPort}/{p.Protocol ?? "tcp"}")));
}

using System.CommandLine;
using System.Text.Json;
using Swarm.Api.Client;
using Swarm.Api.Wire;
using Swarm.Commands.Services;
using Swarm.Commands.Text;

namespace Swarm.Commands.Nodes;

/// <summary>`swarm node ...`.</summary>
internal static class NodeCommands
{
    public static Command Build(Cli cli) => new("node", "The cluster's nodes")
    {
        List(cli), Inspect(cli), Update(cli), Remove(cli), Tasks(cli),
        ChangeRole(cli, "promote", "manager", "Make nodes managers"),
        ChangeRole(cli, "demote", "worker", "Make managers workers"),
    };

    private static Command List(Cli cli)
    {
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Only ids" };
        return cli.OnEngine(new Command("ls", "List nodes") { quiet }, async (parsed, client, cancellation) =>
        {
            var nodes = (await client.NodesAsync(cancellation)).OrderBy(n => n.Description?.Hostname, StringComparer.Ordinal).ToList();
            if (parsed.GetValue(quiet))
            {
                nodes.ForEach(n => cli.Out.WriteLine(n.ID));
                return;
            }

            // Only the daemon that is asked knows which of them it is; docker asks the same.
            var self = (await client.InfoAsync(cancellation)).Swarm?.NodeID;
            var table = new TextTable("ID", "HOSTNAME", "STATUS", "AVAILABILITY", "MANAGER STATUS", "ENGINE VERSION");
            foreach (var node in nodes)
            {
                table.Add(
                    node.ID == self ? node.ID + " *" : node.ID,
                    node.Description?.Hostname ?? "",
                    Capitalized(node.Status?.State),
                    Capitalized(node.Spec?.Availability),
                    node.ManagerStatus is { } manager ? manager.Leader == true ? "Leader" : Capitalized(manager.Reachability) : "",
                    node.Description?.Engine?.EngineVersion ?? "");
            }

            table.Write(cli.Out);
        });
    }

    private static Command Inspect(Cli cli)
    {
        var names = Names("NODE");
        return cli.OnEngine(new Command("inspect", "Show nodes in detail") { names }, async (parsed, client, cancellation) =>
        {
            var found = new List<Node>();
            var status = await cli.ForEachAsync(parsed.GetRequiredValue(names), async name => found.Add(await FindAsync(client, name, cancellation)));
            await cli.Out.WriteLineAsync(InspectJson.Array(found, SwarmJson.Default.Node));
            return status;
        });
    }

    private static Command Update(Cli cli)
    {
        var name = new Argument<string>("NODE");
        var availability = new Option<string?>("--availability") { Description = "active, pause or drain", HelpName = "availability" };
        availability.AcceptOnlyFromAmong("active", "pause", "drain");
        var role = new Option<string?>("--role") { Description = "worker or manager", HelpName = "role" };
        role.AcceptOnlyFromAmong("worker", "manager");
        var add = new Option<string[]>("--label-add") { Description = "Set a label: key=value", HelpName = "label" };
        var remove = new Option<string[]>("--label-rm") { Description = "Take a label away", HelpName = "key" };
        return cli.OnEngine(new Command("update", "Change a node") { name, availability, role, add, remove }, async (parsed, client, cancellation) =>
        {
            await ChangeAsync(client, parsed.GetRequiredValue(name), spec => spec with
            {
                Availability = parsed.GetValue(availability) ?? spec.Availability,
                Role = parsed.GetValue(role) ?? spec.Role,
                Labels = KeyValues.Changed(spec.Labels, parsed.GetValue(add), parsed.GetValue(remove)),
            }, cancellation);
            await cli.Out.WriteLineAsync(parsed.GetRequiredValue(name));
        });
    }

    private static Command ChangeRole(Cli cli, string verb, string role, string description)
    {
        var names = Names("NODE");
        return cli.OnEngine(new Command(verb, description) { names }, (parsed, client, cancellation) =>
            cli.ForEachAsync(parsed.GetRequiredValue(names), async name =>
            {
                var node = await FindAsync(client, name, cancellation);
                if (node.Spec?.Role == role)
                {
                    await cli.Out.WriteLineAsync($"Node {name} is already a {role}.");
                    return;
                }

                await client.UpdateNodeAsync(node.ID, node.Version!.Index, node.Spec! with { Role = role }, cancellation);
                await cli.Out.WriteLineAsync(role == "manager" ? $"Node {name} promoted to a manager in the swarm." : $"Manager {name} demoted in the swarm.");
            }));
    }

    private static Command Remove(Cli cli)
    {
        var names = Names("NODE");
        var force = new Option<bool>("--force", "-f") { Description = "Also if it is not down" };
        return cli.OnEngine(new Command("rm", "Forget nodes that have left") { names, force }, (parsed, client, cancellation) =>
            cli.ForEachAsync(parsed.GetRequiredValue(names), async name =>
            {
                await client.RemoveNodeAsync((await FindAsync(client, name, cancellation)).ID, parsed.GetValue(force), cancellation);
                await cli.Out.WriteLineAsync(name);
            }));
    }

    private static Command Tasks(Cli cli)
    {
        var names = new Argument<string[]>("NODE") { Arity = ArgumentArity.OneOrMore };
        var noTrunc = new Option<bool>("--no-trunc") { Description = "Do not shorten" };
        return cli.OnEngine(new Command("ps", "List the tasks of nodes") { names, noTrunc }, async (parsed, client, cancellation) =>
        {
            var ids = new List<KeyValuePair<string, string>>();
            foreach (var name in parsed.GetRequiredValue(names))
            {
                ids.Add(new("node", (await FindAsync(client, name, cancellation)).ID));
            }

            await TaskTable.WriteAsync(cli, client, await client.TasksAsync(cancellation, [.. ids]), parsed.GetValue(noTrunc), cancellation);
        });
    }

    /// <summary>By id, start of an id, or host name, as docker does: the engine itself only knows ids.</summary>
    /// <exception cref="EngineClientException">None, or several.</exception>
    internal static async Task<Node> FindAsync(EngineClient client, string name, CancellationToken cancellation)
    {
        if (name != "self")
        {
            var nodes = await client.NodesAsync(cancellation);
            var found = nodes.Where(n => n.ID == name).DefaultIfEmpty().First() is { } exact ? [exact]
                : nodes.Where(n => n.Description?.Hostname == name).ToList() is { Count: > 0 } named ? named
                : nodes.Where(n => n.ID.StartsWith(name, StringComparison.Ordinal)).ToList();
            return found.Count switch
            {
                1 => found[0],
                0 => throw new EngineClientException(System.Net.HttpStatusCode.NotFound, $"node {name} not found"),
                _ => throw new EngineClientException(System.Net.HttpStatusCode.BadRequest, $"node {name} is ambiguous ({found.Count} matches found)"),
            };
        }

        return await client.NodeAsync(name, cancellation);
    }

    private static async Task<Node> ChangeAsync(EngineClient client, string name, Func<NodeSpec, NodeSpec> change, CancellationToken cancellation)
    {
        var node = await FindAsync(client, name, cancellation);
        await client.UpdateNodeAsync(node.ID, node.Version!.Index, change(node.Spec ?? new NodeSpec()), cancellation);
        return node;
    }

    private static Argument<string[]> Names(string what) => new(what) { Arity = ArgumentArity.OneOrMore };

    private static string Capitalized(string? word) => string.IsNullOrEmpty(word) ? "" : char.ToUpperInvariant(word[0]) + word[1..];
}

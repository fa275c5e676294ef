using System.CommandLine;
using Swarm.Api.Client;
using Swarm.Commands.Text;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Commands.Containers;

/// <summary>Containers of one node.</summary>
internal static class ContainerCommands
{
    private const int CommandWidth = 20;

    public static Command List(Cli cli)
    {
        var all = new Option<bool>("--all", "-a") { Description = "Also those that do not run" };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Only ids" };
        return cli.OnEngine(new Command("ps", "List this node's containers") { all, quiet }, async (parsed, client, cancellation) =>
        {
            var containers = await client.ContainersAsync(parsed.GetValue(all), cancellation);
            if (parsed.GetValue(quiet))
            {
                foreach (var container in containers)
                {
                    await cli.Out.WriteLineAsync(Cli.ShortId(container.Id));
                }

                return;
            }

            var table = new TextTable("CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES");
            var now = cli.Time.GetUtcNow();
            foreach (var container in containers)
            {
                table.Add(
                    Cli.ShortId(container.Id),
                    container.Image,
                    $"\"{Cli.Truncate(container.Command, CommandWidth)}\"",
                    HumanDuration.Words(now - DateTimeOffset.FromUnixTimeSeconds(container.Created)) + " ago",
                    container.Status,
                    string.Join(", ", container.Ports.Select(Port)),
                    string.Join(',', container.Names.Select(n => n.TrimStart('/'))));
            }

            table.Write(cli.Out);
        });
    }

    public static Command Logs(Cli cli)
    {
        var name = new Argument<string>("CONTAINER");
        return LogCommand.Build(cli, "Show what a container wrote", name, (_, container, _) => Task.FromResult((LogSource.Container, container)));
    }

    private static string Port(PortSummary port) =>
        port.PublicPort is { } open ? $"{port.IP}:{open}->{port.PrivatePort}/{port.Type}" : $"{port.PrivatePort}/{port.Type}";
}

using System.CommandLine;
using Swarm.Api.Client;

namespace Swarm.Commands.Containers;

/// <summary>Containers of one node.</summary>
internal static class ContainerCommands
{
    public static Command Logs(Cli cli)
    {
        var name = new Argument<string>("CONTAINER");
        return LogCommand.Build(cli, "Show what a container wrote", name, (_, container, _) => Task.FromResult((LogSource.Container, container)));
    }
}

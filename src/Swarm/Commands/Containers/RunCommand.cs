using System.CommandLine;
using Swarm.Api.Client;
using Swarm.Commands.Text;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Commands.Containers;

/// <summary>`swarm run`: one container on this node, without a terminal. For attach, terminals and the rest there is the docker client.</summary>
internal static class RunCommand
{
    public static Command Build(Cli cli, HashSet<Command> ownCommandLine)
    {
        var image = new Argument<string>("IMAGE");
        var words = new Argument<string[]>("COMMAND") { Arity = ArgumentArity.ZeroOrMore };
        var name = new Option<string?>("--name") { Description = "Container name", HelpName = "name" };
        var detach = new Option<bool>("--detach", "-d") { Description = "Do not wait for its end" };
        var remove = new Option<bool>("--rm") { Description = "Remove it when it has ended" };
        var env = new Option<string[]>("--env", "-e") { Description = "Set a variable: KEY=value", HelpName = "value" };
        var labels = new Option<string[]>("--label", "-l") { Description = "Set a label: key=value", HelpName = "label" };
        var network = new Option<string?>("--network") { Description = "bridge, none or host", HelpName = "network" };
        var command = new Command("run", "Run a container on this node") { image, words, name, detach, remove, env, labels, network };
        ownCommandLine.Add(command);
        return cli.OnEngine(command, async (parsed, client, cancellation) =>
        {
            var request = new ContainerCreateRequest
            {
                Image = parsed.GetRequiredValue(image),
                Cmd = parsed.GetValue(words) is { Length: > 0 } given ? given : null,
                Env = parsed.GetValue(env) is { Length: > 0 } variables ? variables : null,
                Labels = KeyValues.Map(parsed.GetValue(labels))?.ToDictionary(p => p.Key, p => p.Value ?? ""),
                HostConfig = new HostConfig { AutoRemove = parsed.GetValue(remove), NetworkMode = parsed.GetValue(network) ?? "" },
            };
            var id = await CreateAsync(client, parsed.GetValue(name), request, cancellation);
            if (parsed.GetValue(detach))
            {
                await client.StartContainerAsync(id, cancellation);
                await cli.Out.WriteLineAsync(id);
                return 0;
            }

            // Asked before the start: a container with --rm is gone a moment after its end.
            var ended = client.WaitForExitAsync(id, cancellation);
            await client.StartContainerAsync(id, cancellation);
            await LogCommand.CopyAsync(client.LogsAsync(LogSource.Container, id, follow: true, timestamps: false, tail: null, cancellation), cancellation);
            return (await ended).StatusCode;
        });
    }

    private static async Task<string> CreateAsync(EngineClient client, string? name, ContainerCreateRequest request, CancellationToken cancellation)
    {
        try
        {
            return (await client.CreateContainerAsync(name, request, cancellation)).Id;
        }
        catch (EngineClientException e) when (e.Status == System.Net.HttpStatusCode.NotFound)
        {
            await client.PullImageAsync(request.Image!, cancellation);
            return (await client.CreateContainerAsync(name, request, cancellation)).Id;
        }
    }
}

using System.CommandLine;
using Swarm.Api.Client;

namespace Swarm.Commands.Containers;

/// <summary>`logs` of containers and of services: same flags, same streams.</summary>
internal static class LogCommand
{
    /// <param name="find">What the name means.</param>
    public static Command Build(
        Cli cli, string description, Argument<string> name, Func<EngineClient, string, CancellationToken, Task<(LogSource Source, string Id)>> find)
    {
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with what is written" };
        var timestamps = new Option<bool>("--timestamps", "-t") { Description = "Show times" };
        var tail = new Option<string?>("--tail", "-n") { Description = "Lines from the end", HelpName = "n" };
        return cli.OnEngine(new Command("logs", description) { name, follow, timestamps, tail }, async (parsed, client, cancellation) =>
        {
            var (source, id) = await find(client, parsed.GetRequiredValue(name), cancellation);
            await CopyAsync(client.LogsAsync(source, id, parsed.GetValue(follow), parsed.GetValue(timestamps), parsed.GetValue(tail), cancellation), cancellation);
        });
    }

    /// <summary>Bytes as they came: a container's output need not be text.</summary>
    public static async Task CopyAsync(IAsyncEnumerable<LogFrame> frames, CancellationToken cancellation)
    {
        await using var output = Console.OpenStandardOutput();
        await using var error = Console.OpenStandardError();
        await foreach (var frame in frames)
        {
            await (frame.IsError ? error : output).WriteAsync(frame.Payload, cancellation);
        }
    }
}

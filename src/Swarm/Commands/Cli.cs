using System.CommandLine;
using System.Text;
using Swarm.Api.Client;
using Swarm.Compose;
using Swarm.Lab;

namespace Swarm.Commands;

/// <summary>What every command has: where to write, the clock, and which engine to speak to.</summary>
internal sealed class Cli(TextWriter output, TextWriter error, TimeProvider time)
{
    /// <summary>What docker answers when the command itself was wrong.</summary>
    public const int UsageError = 125;

    /// <summary>What docker answers to a word that is no command.</summary>
    public const int UnknownCommand = 1;
    private const int Failure = 1;

    /// <summary>128 + SIGINT, as shells report it.</summary>
    private const int Interrupted = 130;

    public TextWriter Out { get; } = output;
    public TextWriter Error { get; } = error;
    public TimeProvider Time { get; } = time;

    /// <summary>A list because the daemon listens at several; clients use the last.</summary>
    public Option<string[]> Host { get; } = new("--host", "-H")
    {
        Description = "Where the engine listens: unix:///path or tcp://host:port (default: DOCKER_HOST, else " + EngineEndpoint.Default + ")",
        Recursive = true,
        HelpName = "host",
    };

    public EngineClient Connect(ParseResult parsed) => new(EngineEndpoint.Resolve(parsed.GetValue(Host)?.LastOrDefault()));

    /// <summary>A command that speaks to an engine.</summary>
    public Command OnEngine(Command command, Func<ParseResult, EngineClient, CancellationToken, Task<int>> action) =>
        Local(command, async (parsed, cancellation) =>
        {
            using var client = Connect(parsed);
            return await action(parsed, client, cancellation);
        });

    /// <inheritdoc cref="OnEngine(Command, Func{ParseResult, EngineClient, CancellationToken, Task{int}})"/>
    public Command OnEngine(Command command, Func<ParseResult, EngineClient, CancellationToken, Task> action) =>
        OnEngine(command, async (parsed, client, cancellation) =>
        {
            await action(parsed, client, cancellation);
            return 0;
        });

    /// <summary>A command that needs no engine. Every failure that a user can meet becomes one line and an exit status.</summary>
    public Command Local(Command command, Func<ParseResult, CancellationToken, Task<int>> action)
    {
        command.SetAction(async (parsed, cancellation) =>
        {
            try
            {
                return await action(parsed, cancellation);
            }
            catch (EngineClientException e)
            {
                await Error.WriteLineAsync("Error response from daemon: " + e.Message);
                return Failure;
            }
            catch (Exception e) when (e is EngineUnreachableException or LabException or FormatException or ComposeException or CommandException or IOException)
            {
                await Error.WriteLineAsync(e.Message);
                return e is FormatException or CommandException { IsUsage: true } ? UsageError : Failure;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return Interrupted;
            }
        });
        return command;
    }

    /// <summary>For several things on one line, as `docker node rm a b`: the good ones are done, the bad ones said.</summary>
    public async Task<int> ForEachAsync(IEnumerable<string> names, Func<string, Task> action)
    {
        var failed = false;
        foreach (var name in names)
        {
            try
            {
                await action(name);
            }
            catch (EngineClientException e)
            {
                failed = true;
                await Error.WriteLineAsync("Error response from daemon: " + e.Message);
            }
            catch (ComposeException e)
            {
                failed = true;
                await Error.WriteLineAsync(e.Message);
            }
        }

        return failed ? Failure : 0;
    }

    public static string ShortId(string id) => id.StartsWith("sha256:", StringComparison.Ordinal) ? Cut(id[7..]) : Cut(id);

    private static string Cut(string id) => id.Length > 12 ? id[..12] : id;

    public static string Truncate(string text, int length)
    {
        var runes = text.EnumerateRunes().ToList();
        return runes.Count <= length ? text : new StringBuilder().AppendJoin("", runes.Take(length - 1)).Append('…').ToString();
    }
}

/// <summary>A command cannot do what was asked, before or apart from any engine.</summary>
/// <param name="isUsage">The command line itself was wrong.</param>
internal sealed class CommandException(string message, bool isUsage = false) : Exception(message)
{
    public bool IsUsage { get; } = isUsage;
}

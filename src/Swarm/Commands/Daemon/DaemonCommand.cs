using System.CommandLine;
using System.Text;

namespace Swarm.Commands;

/// <summary>`swarm daemon`, and `dockerd`: one node.</summary>
internal static class DaemonCommand
{
    private const int Failure = 1, HelpColumn = 44;

    /// <summary>For `swarm --help` alone: its words are read by <see cref="FlagReader"/>, not by this tree.</summary>
    public static Command Listed() => new("daemon", "Run a node of a cluster, or a single engine");

    /// <summary>The words after `daemon`, with those of -H before it; null: another command.</summary>
    public static IReadOnlyList<string>? WordsOf(string[] args)
    {
        var at = 0;
        while (at < args.Length && args[at].StartsWith('-'))
        {
            at += args[at] is "-H" or "--host" ? 2 : args[at].StartsWith("--host=", StringComparison.Ordinal) || args[at].StartsWith("-H", StringComparison.Ordinal) ? 1 : args.Length;
        }

        return at < args.Length && args[at] == "daemon" ? [.. args[..at], .. args[(at + 1)..]] : null;
    }

    /// <summary>Help, version, validation, or the daemon until it ends.</summary>
    public static async Task<int> RunAsync(Cli cli, DaemonPersona persona, IReadOnlyList<string> words, string version, Func<DaemonOptions, Task<int>> run)
    {
        try
        {
            var reader = new DaemonOptionsReader(persona, words);
            var given = reader.CommandLine();
            if (given.Bool("help"))
            {
                await cli.Out.WriteAsync(Help(persona));
                return 0;
            }

            if (given.Bool("version"))
            {
                await cli.Out.WriteLineAsync(persona.Program == DaemonPersona.Dockerd.Program ? $"Docker version {version}, build swarm" : version);
                return 0;
            }

            var options = reader.Read();
            if (given.Bool("validate"))
            {
                await cli.Out.WriteLineAsync("configuration OK");
                return 0;
            }

            return await run(options);
        }
        catch (Exception e) when (e is FlagException or IOException)
        {
            await cli.Error.WriteLineAsync(e is FlagException { PointsToHelp: true } ? $"{e.Message}\nSee '{persona.Program} --help'." : e.Message);
            return Failure;
        }
    }

    private static string Help(DaemonPersona persona)
    {
        var text = new StringBuilder($"\nUsage:  {persona.Program} [OPTIONS]\n\nA self-sufficient runtime for containers.\n\nOptions:\n");
        foreach (var flag in DaemonFlags.All.Where(flag => !flag.Hidden))
        {
            var name = $"  {(flag.Short is { } letter ? $"-{letter}," : "   ")} --{flag.Name} {flag.Placeholder}".PadRight(HelpColumn - 1);
            text.Append(name).Append(' ').Append(flag.Help).Append(flag.Remark is null ? "\n" : $" ({flag.Remark})\n");
        }

        return text.ToString();
    }
}

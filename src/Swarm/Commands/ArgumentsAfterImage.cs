using System.CommandLine;

namespace Swarm.Commands;

/// <summary>
/// `service create busybox sh -c "..."`: what follows the first plain word belongs to the container, not to us. System.CommandLine knows that only
/// after a `--`, so one is put there.
/// </summary>
internal static class ArgumentsAfterImage
{
    /// <param name="marked">Commands whose arguments end in a command line of the user's own.</param>
    public static string[] Separate(string[] args, Command root, IReadOnlySet<Command> marked)
    {
        var command = root;
        var options = new List<Option>(root.Options);
        for (var i = 0; i < args.Length; i++)
        {
            var word = args[i];
            if (word == "--")
            {
                return args;
            }

            if (word.StartsWith('-') && word.Length > 1)
            {
                i += TakesNextWord(word, options) ? 1 : 0;
            }
            else if (command.Subcommands.FirstOrDefault(c => c.Name == word || c.Aliases.Contains(word)) is { } inner)
            {
                command = inner;
                options.AddRange(inner.Options);
            }
            else
            {
                return marked.Contains(command) ? [.. args[..i], "--", .. args[i..]] : args;
            }
        }

        return args;
    }

    /// <summary>`--name x` and `-e x` do; `--name=x`, `-ex` and flags do not.</summary>
    private static bool TakesNextWord(string word, List<Option> options) =>
        !word.Contains('=', StringComparison.Ordinal)
        && options.FirstOrDefault(o => o.Name == word || o.Aliases.Contains(word)) is { } option
        && option.Arity.MinimumNumberOfValues > 0;
}

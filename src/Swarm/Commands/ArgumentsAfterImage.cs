using System.CommandLine;

namespace Swarm.Commands;

/// <summary>
/// Two of docker's habits that System.CommandLine does not have. `service create busybox sh -c "..."`: what follows the first plain word belongs to
/// the container, so a `--` is put before it. And a flag that does not exist is an error, not the name of an image.
/// </summary>
internal static class ArgumentsAfterImage
{
    /// <param name="marked">Commands whose arguments end in a command line of the user's own.</param>
    /// <exception cref="CommandException">An unknown flag.</exception>
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
                i += TakesNextWord(word, options, command) ? 1 : 0;
            }
            else if (command.Subcommands.FirstOrDefault(c => c.Name == word || c.Aliases.Contains(word)) is { } inner)
            {
                // Options of an outer command hold below it only if they say so.
                options = [.. options.Where(o => o.Recursive), .. inner.Options];
                command = inner;
            }
            else if (marked.Contains(command))
            {
                return [.. args[..i], "--", .. args[i..]];
            }
        }

        return args;
    }

    /// <summary>`--name x` and `-e x` do; `--name=x`, `-ex` and flags do not.</summary>
    private static bool TakesNextWord(string word, List<Option> options, Command command)
    {
        var name = word.Split('=', 2)[0];
        var option = Find(name, options);
        if (option is null && !word.StartsWith("--", StringComparison.Ordinal))
        {
            // -dq is -d -q, and -eA=b is -e A=b.
            name = word[..2];
            option = Find(name, options);
            if (option is not null)
            {
                return false;
            }
        }

        return option is null
            ? throw new CommandException($"unknown flag: {name}\n\nRun '{string.Join(' ', Names(command).Prepend("swarm"))} --help' for more information", isUsage: true)
            : !word.Contains('=', StringComparison.Ordinal) && option.Arity.MinimumNumberOfValues > 0;
    }

    private static Option? Find(string name, List<Option> options) => options.FirstOrDefault(o => o.Name == name || o.Aliases.Contains(name));

    /// <summary>From the root, which is left out, downward.</summary>
    internal static IEnumerable<string> Names(Command command)
    {
        var names = new Stack<string>();
        for (Symbol? symbol = command; symbol is Command c and not RootCommand; symbol = c.Parents.FirstOrDefault())
        {
            names.Push(c.Name);
        }

        return names;
    }
}

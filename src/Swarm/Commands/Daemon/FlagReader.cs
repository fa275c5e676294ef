using System.Globalization;
using System.Net;

namespace Swarm.Commands;

/// <summary>
/// Reads dockerd's command line with the grammar and the messages of its own parser (pflag): --flag value, --flag=value, -Fvalue, -F value, -DF
/// value, `--` ends. A value is the next word whatever it looks like, and a bool never takes one: what System.CommandLine does not do
/// (decision 0030).
/// </summary>
internal sealed class FlagReader(IReadOnlyList<DaemonFlag> flags)
{
    private readonly Dictionary<string, DaemonFlag> _byName = flags.ToDictionary(flag => flag.Name);
    private readonly Dictionary<char, DaemonFlag> _byLetter = flags.Where(flag => flag.Short is not null).ToDictionary(flag => flag.Short!.Value);

    /// <exception cref="FlagException">With pflag's words.</exception>
    public FlagValues Read(IReadOnlyList<string> words, string program)
    {
        var values = new FlagValues();
        for (var i = 0; i < words.Count; i++)
        {
            var word = words[i];
            if (word == "--" ? i + 1 < words.Count : word.Length < 2 || word[0] != '-')
            {
                throw new FlagException($"\"{program}\" accepts no arguments.", pointsToHelp: true);
            }

            if (word == "--")
            {
                break;
            }

            i += word[1] == '-' ? Long(word, i, words, values) : Letters(word, i, words, values);
        }

        return values;
    }

    /// <returns>How many of the next words it took.</returns>
    private int Long(string word, int at, IReadOnlyList<string> words, FlagValues values)
    {
        var body = word[2..];
        if (body[0] is '-' or '=')
        {
            throw new FlagException($"bad flag syntax: {word}", pointsToHelp: true);
        }

        var equals = body.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? body : body[..equals];
        if (!_byName.TryGetValue(name, out var flag))
        {
            throw new FlagException($"unknown flag: --{name}", pointsToHelp: true);
        }

        if (equals >= 0 || flag.Kind == FlagKind.Bool)
        {
            Add(flag, equals < 0 ? "true" : body[(equals + 1)..], values);
            return 0;
        }

        if (at + 1 == words.Count)
        {
            throw new FlagException($"flag needs an argument: {word}", pointsToHelp: true);
        }

        Add(flag, words[at + 1], values);
        return 1;
    }

    /// <inheritdoc cref="Long"/>
    private int Letters(string word, int at, IReadOnlyList<string> words, FlagValues values)
    {
        for (var i = 1; i < word.Length; i++)
        {
            if (!_byLetter.TryGetValue(word[i], out var flag))
            {
                throw new FlagException($"unknown shorthand flag: '{word[i]}' in {word}", pointsToHelp: true);
            }

            var rest = word[(i + 1)..];
            if (rest.Length > 1 && rest[0] == '=')
            {
                Add(flag, rest[1..], values);
                return 0;
            }

            if (flag.Kind == FlagKind.Bool)
            {
                Add(flag, "true", values);
                continue;
            }

            if (rest.Length > 0)
            {
                Add(flag, rest, values);
                return 0;
            }

            if (at + 1 == words.Count)
            {
                throw new FlagException($"flag needs an argument: '{word[i]}' in {word}", pointsToHelp: true);
            }

            Add(flag, words[at + 1], values);
            return 1;
        }

        return 0;
    }

    private static void Add(DaemonFlag flag, string value, FlagValues values)
    {
        if (Wrong(flag, value) is { } why)
        {
            var shown = flag.Short is { } letter ? $"-{letter}, --{flag.Name}" : $"--{flag.Name}";
            throw new FlagException($"invalid argument \"{value}\" for \"{shown}\" flag: {why}", pointsToHelp: true);
        }

        values.Add(flag.Name, value);
    }

    /// <summary>Why a value is not one for this flag; null: it is.</summary>
    internal static string? Wrong(DaemonFlag flag, string value) => flag.Kind switch
    {
        FlagKind.Bool when GoBool.Parse(value) is null => $"strconv.ParseBool: parsing \"{value}\": invalid syntax",
        FlagKind.Number when !long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) => $"strconv.ParseInt: parsing \"{value}\": invalid syntax",
        FlagKind.Address when value.Length > 0 && !IPAddress.TryParse(value, out _) => $"failed to parse IP: \"{value}\"",
        FlagKind.Map when flag.Name != "feature" && value.IndexOf('=', StringComparison.Ordinal) <= 0 => $"invalid value '{value}': must be KEY=VALUE",
        _ => flag.Check?.Invoke(value),
    };
}

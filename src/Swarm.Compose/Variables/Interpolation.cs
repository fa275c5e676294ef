using System.Text;
using Swarm.Compose.Tree;

namespace Swarm.Compose.Variables;

/// <summary>
/// Variables in values: `$NAME`, `${NAME}`, `${NAME:-other}`, `-`, `:?`, `?`, `:+`, `+`, nested in one another, and `$$` for a dollar
/// (compose specification, 12-interpolation).
/// </summary>
/// <param name="lookUp">Null: not set.</param>
/// <param name="unset">Gets the names of variables that are not set and have no default.</param>
internal sealed class Interpolation(Func<string, string?> lookUp, Action<string> unset)
{
    private const int MaxDepth = 32;

    /// <summary>Every scalar below; keys stay.</summary>
    internal ComposeValue Apply(ComposeValue value) => value switch
    {
        ComposeScalar scalar when scalar.Text.Contains('$', StringComparison.Ordinal) => Filled(scalar),
        ComposeList list => list with { Items = [.. list.Items.Select(Apply)] },
        ComposeMap map => map with { Entries = new OrderedDictionary<string, ComposeValue>(map.Entries.Select(entry => KeyValuePair.Create(entry.Key, Apply(entry.Value))), StringComparer.Ordinal) },
        _ => value,
    };

    /// <exception cref="FormatException">Not of this form, or a variable that must be set is not.</exception>
    internal string Apply(string text)
    {
        var at = 0;
        return Expand(text, ref at, inBraces: false, MaxDepth);
    }

    private ComposeScalar Filled(ComposeScalar scalar)
    {
        try
        {
            var filled = scalar with { Text = Apply(scalar.Text) };

            // A variable that is empty is a text, not YAML's null.
            return filled.IsNull ? filled with { IsQuoted = true } : filled;
        }
        catch (FormatException e)
        {
            throw new ComposeException($"{scalar.At}: {e.Message}", e);
        }
    }

    /// <summary>Up to the end, or to the brace that closes.</summary>
    private string Expand(string text, ref int at, bool inBraces, int depth)
    {
        if (depth == 0)
        {
            throw Invalid();
        }

        var result = new StringBuilder();
        while (at < text.Length && !(inBraces && text[at] == '}'))
        {
            if (text[at] != '$')
            {
                result.Append(text[at++]);
                continue;
            }

            at++;
            if (at < text.Length && text[at] == '$')
            {
                result.Append(text[at++]);
            }
            else if (at < text.Length && text[at] == '{')
            {
                at++;
                result.Append(Braced(text, ref at, depth));
            }
            else
            {
                result.Append(Plain(Name(text, ref at)));
            }
        }

        return result.ToString();
    }

    private string Braced(string text, ref int at, int depth)
    {
        var name = Name(text, ref at);
        var sign = at < text.Length ? text[at] : throw Invalid();
        if (sign == '}')
        {
            at++;
            return Plain(name);
        }

        // With a colon an empty variable counts as one that is not set.
        var emptyCounts = sign == ':';
        if (emptyCounts)
        {
            at++;
        }

        sign = at < text.Length ? text[at++] : throw Invalid();
        var value = lookUp(name);
        var isSet = value is not null && !(emptyCounts && value.Length == 0);
        // What is not used is read all the same, but what it lacks is no fault.
        var used = sign == '+' ? isSet : !isSet;
        var word = (used ? this : new Interpolation(lookUp: _ => "", unset: _ => { })).Expand(text, ref at, inBraces: true, depth - 1);
        if (at >= text.Length)
        {
            throw Invalid();
        }

        at++;
        return sign switch
        {
            '-' => isSet ? value! : word,
            '+' => isSet ? word : "",
            '?' => isSet ? value! : throw new FormatException($"required variable {name} is missing a value{(word.Length > 0 ? ": " + word : "")}"),
            _ => throw Invalid(),
        };
    }

    private string Plain(string name)
    {
        if (lookUp(name) is { } value)
        {
            return value;
        }

        unset(name);
        return "";
    }

    private static string Name(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && (char.IsAsciiLetter(text[at]) || text[at] == '_' || (at > start && char.IsAsciiDigit(text[at]))))
        {
            at++;
        }

        return at > start ? text[start..at] : throw Invalid();
    }

    /// <summary>Without the text, which may be a secret.</summary>
    private static FormatException Invalid() => new("invalid interpolation format: write ${NAME} for a variable, and $$ for a dollar");
}

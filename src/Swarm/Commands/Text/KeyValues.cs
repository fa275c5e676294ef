namespace Swarm.Commands.Text;

/// <summary>`key=value` words, such as labels; a word without = has an empty value.</summary>
internal static class KeyValues
{
    public static KeyValuePair<string, string?> Parse(string word)
    {
        var sign = word.IndexOf('=', StringComparison.Ordinal);
        return sign < 0 ? new(word, "") : new(word[..sign], word[(sign + 1)..]);
    }

    /// <summary>Null when there is none; the last of a key counts.</summary>
    public static IReadOnlyDictionary<string, string?>? Map(IEnumerable<string>? words)
    {
        var map = new SortedDictionary<string, string?>(StringComparer.Ordinal);
        foreach (var (key, value) in (words ?? []).Select(Parse))
        {
            map[key] = value;
        }

        return map.Count == 0 ? null : map;
    }

    public static IReadOnlyDictionary<string, string?> Changed(IReadOnlyDictionary<string, string?>? old, string[]? add, string[]? remove)
    {
        var map = new SortedDictionary<string, string?>(StringComparer.Ordinal);
        foreach (var (key, value) in (old ?? new Dictionary<string, string?>()).Concat((add ?? []).Select(Parse)))
        {
            map[key] = value;
        }

        foreach (var key in remove ?? [])
        {
            map.Remove(key);
        }

        return map;
    }
}

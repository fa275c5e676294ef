using System.Globalization;
using Swarm.Api.Client;
using Swarm.Engine;

namespace Swarm.Compose.Tree;

/// <summary>A map that is read key by key; <see cref="End"/> refuses the keys that nobody asked for. Extensions (`x-...`) are passed over.</summary>
internal sealed class Section(ComposeMap map, string path, ICollection<string> remarks)
{
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    internal string Path => path;

    internal IEnumerable<string> Keys => map.Entries.Keys.Where(key => !IsExtension(key));

    /// <summary>Present and not null.</summary>
    internal bool Has(string key) => map[key] is not (null or ComposeScalar { IsNull: true });

    internal ComposeValue? Value(string key)
    {
        _asked.Add(key);
        return Has(key) ? map[key] : null;
    }

    internal string? Text(string key) => Value(key) switch
    {
        null => null,
        ComposeScalar scalar => scalar.Text,
        var other => throw Wrong(other, key, "a word or a number is expected"),
    };

    internal bool? Flag(string key) => Read<bool>(key, text => text.ToLowerInvariant() switch
    {
        "true" or "yes" or "on" or "y" or "1" => true,
        "false" or "no" or "off" or "n" or "0" => false,
        _ => null,
    }, "true or false");

    internal long? Whole(string key) =>
        Read<long>(key, text => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null, "a whole number");

    internal ulong? Count(string key) =>
        Read<ulong>(key, text => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null, "a number, 0 or more");

    internal decimal? Number(string key) =>
        Read<decimal>(key, text => decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null, "a number, 0 or more");

    /// <summary>Nanoseconds.</summary>
    internal long? Duration(string key) => Read<long>(key, text =>
    {
        try
        {
            return text == "0" ? 0 : GoDuration.Parse(text);
        }
        catch (EngineException)
        {
            return null;
        }
    }, "a duration such as 10s or 1m30s");

    /// <summary>Bytes.</summary>
    internal long? Bytes(string key) => Read<long>(key, text => HumanSize.TryParse(text, out var bytes) ? bytes : null, "a size such as 64m");

    /// <summary>Permission bits: a text is octal, a number as YAML 1.1 reads it, so that 0440 is octal and 440 is not.</summary>
    internal uint? Mode(string key) => Value(key) switch
    {
        null => null,
        ComposeScalar scalar when ModeOf(scalar) is { } mode => mode,
        var other => throw Wrong(other, key, "permissions such as 0440 are expected"),
    };

    /// <summary>One of the words, as written here.</summary>
    internal string? Word(string key, params string[] words) =>
        Text(key) is not { } text ? null
            : words.Contains(text, StringComparer.Ordinal) ? text
            : throw Wrong(key, $"'{text}' is not one of {string.Join(", ", words)}");

    /// <summary>A list of texts, or a text alone. Null: not there.</summary>
    internal IReadOnlyList<string>? Texts(string key) => Value(key) switch
    {
        null => null,
        ComposeScalar scalar => [scalar.Text],
        ComposeList list => [.. list.Items.Select((item, index) => item is ComposeScalar scalar ? scalar.Text : throw Wrong(item, $"{key}[{index}]", "a word is expected"))],
        var other => throw Wrong(other, key, "a list is expected"),
    };

    /// <summary>A map of texts; a null value stays null. Null: not there.</summary>
    internal IReadOnlyDictionary<string, string?>? Pairs(string key) => Value(key) switch
    {
        null => null,
        ComposeMap pairs => pairs.Entries.ToDictionary(
            pair => pair.Key,
            string? (pair) => pair.Value is ComposeScalar scalar ? (scalar.IsNull ? null : scalar.Text) : throw Wrong(pair.Value, $"{key}.{pair.Key}", "a word is expected"),
            StringComparer.Ordinal),
        var other => throw Wrong(other, key, "keys and values are expected"),
    };

    internal Section? Map(string key) => Value(key) switch
    {
        null => null,
        ComposeMap inner => new Section(inner, Below(key), remarks),
        var other => throw Wrong(other, key, "keys and values are expected"),
    };

    /// <summary>The maps in a list; none if it is not there.</summary>
    internal IEnumerable<Section> Maps(string key) => Value(key) switch
    {
        null => [],
        ComposeList list => list.Items.Select((item, index) => item is ComposeMap inner
            ? new Section(inner, Below($"{key}[{index}]"), remarks)
            : throw Wrong(item, $"{key}[{index}]", "keys and values are expected")),
        var other => throw Wrong(other, key, "a list is expected"),
    };

    /// <summary>Every entry as a map; a null one is an empty map.</summary>
    internal IEnumerable<(string Name, Section Section)> Named()
    {
        foreach (var name in Keys)
        {
            yield return (name, Map(name) ?? new Section(ComposeMap.Empty(map.At), Below(name), remarks));
        }
    }

    /// <summary>Has no meaning here: passed over, and said.</summary>
    internal void Ignore(params string[] keys)
    {
        foreach (var key in keys.Where(key => Value(key) is not null))
        {
            remarks.Add($"{path}: ignoring {key}");
        }
    }

    internal void Remark(string text) => remarks.Add($"{path}: {text}");

    /// <exception cref="ComposeException">It is there.</exception>
    internal void Refuse(string key, string why)
    {
        if (Value(key) is { } value and not ComposeList { Items.Count: 0 } and not ComposeScalar { Text: "false" })
        {
            throw Wrong(value, key, why);
        }
    }

    /// <summary>All has been asked for.</summary>
    /// <exception cref="ComposeException">A key is left.</exception>
    internal void End()
    {
        foreach (var (key, value) in map.Entries.Where(entry => !_asked.Contains(entry.Key) && !IsExtension(entry.Key)))
        {
            throw Wrong(value, key, "unknown key");
        }
    }

    internal ComposeException Wrong(string key, string message) => Wrong(map[key] ?? map, key, message);

    internal ComposeException Wrong(string message) => new($"{map.At}: {path}: {message}");

    internal static bool IsExtension(string key) => key.StartsWith("x-", StringComparison.Ordinal);

    private ComposeException Wrong(ComposeValue at, string key, string message) => new($"{at.At}: {Below(key)}: {message}");

    private string Below(string key) => path.Length == 0 ? key : $"{path}.{key}";

    private T? Read<T>(string key, Func<string, T?> read, string expected)
        where T : struct =>
        Text(key) is { } text ? read(text) ?? throw Wrong(key, $"{expected} is expected, not '{text}'") : null;

    private static uint? ModeOf(ComposeScalar scalar)
    {
        var text = scalar.Text.StartsWith("0o", StringComparison.Ordinal) ? "0" + scalar.Text[2..] : scalar.Text;
        var isOctal = scalar.IsQuoted || text.StartsWith('0');
        if (text.Length is 0 or > 9 || !text.All(isOctal ? c => c is >= '0' and <= '7' : char.IsAsciiDigit))
        {
            return null;
        }

        return isOctal ? Convert.ToUInt32(text, 8) : uint.Parse(text, CultureInfo.InvariantCulture);
    }
}

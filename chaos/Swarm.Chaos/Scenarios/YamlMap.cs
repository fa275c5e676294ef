using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Swarm.Chaos.Scenarios;

/// <summary>
/// A mapping that is read key by key; <see cref="End"/> refuses the keys that nobody asked for. YAML's own model, since the binary has no reflection.
/// </summary>
internal sealed class YamlMap
{
    private readonly string _file;
    private readonly Dictionary<string, (YamlScalarNode Key, YamlNode Value)> _entries = new(StringComparer.Ordinal);
    private readonly List<string> _asked = [];
    private readonly Mark _start;

    private YamlMap(string file, YamlMappingNode node)
    {
        _file = file;
        _start = node.Start;
        foreach (var (key, value) in node.Children)
        {
            var scalar = key as YamlScalarNode ?? throw Wrong(key.Start, "a key must be a word");
            if (!_entries.TryAdd(scalar.Value ?? "", (scalar, value)))
            {
                throw Wrong(key.Start, $"'{scalar.Value}' stands twice");
            }
        }
    }

    /// <exception cref="ScenarioException">Not one YAML document with a mapping.</exception>
    public static YamlMap Parse(string file, TextReader text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(text);
        }
        catch (YamlException e)
        {
            throw new ScenarioException($"{file}:{e.Start.Line}: {e.Message}", e);
        }

        return stream.Documents.Count == 1 && stream.Documents[0].RootNode is YamlMappingNode root
            ? new YamlMap(file, root)
            : throw new ScenarioException($"{file}: one YAML document with keys and values is expected");
    }

    public string Text(string key) => TextOrNull(key) ?? throw Missing(key);

    public string? TextOrNull(string key) => Take(key) switch
    {
        null => null,
        (_, YamlScalarNode { Value.Length: > 0 } scalar) => scalar.Value,
        var (_, node) => throw Wrong(node.Start, $"'{key}' must be a word or a number"),
    };

    public YamlMap Map(string key) => Take(key) switch
    {
        null => throw Missing(key),
        (_, YamlMappingNode map) => new YamlMap(_file, map),
        var (_, node) => throw Wrong(node.Start, $"'{key}' must have keys of its own"),
    };

    /// <summary>At least one.</summary>
    public IReadOnlyList<YamlMap> Maps(string key) => Take(key) switch
    {
        null => throw Missing(key),
        (_, YamlSequenceNode { Children.Count: > 0 } list) =>
            [.. list.Children.Select(n => n is YamlMappingNode map ? new YamlMap(_file, map) : throw Wrong(n.Start, $"each of '{key}' must have keys of its own"))],
        var (_, node) => throw Wrong(node.Start, $"'{key}' must be a list of at least one"),
    };

    /// <summary>Reads a value by <paramref name="read"/>, which answers null if it is no such thing.</summary>
    public T Read<T>(string key, Func<string, T?> read, string expected)
        where T : struct =>
        read(Text(key)) ?? throw Wrong(key, $"'{key}' must be {expected}, not '{_entries[key].Value}'");

    public T Read<T>(string key, Func<string, T?> read, string expected, T otherwise)
        where T : struct =>
        _entries.ContainsKey(key) ? Read(key, read, expected) : Otherwise(key, otherwise);

    public int Number(string key, int least, int most) => Read(key, text => Whole(text, least, most), $"a number from {least} to {most}");

    public int Number(string key, int least, int most, int otherwise) => Read(key, text => Whole(text, least, most), $"a number from {least} to {most}", otherwise);

    /// <summary>All has been asked for.</summary>
    /// <exception cref="ScenarioException">A key is left.</exception>
    public void End()
    {
        foreach (var (name, (key, _)) in _entries.Where(e => !_asked.Contains(e.Key)))
        {
            throw Wrong(key.Start, $"unknown key '{name}': here are {string.Join(", ", _asked)}");
        }
    }

    public ScenarioException Wrong(string key, string message) => Wrong(_entries[key].Key.Start, message);

    private ScenarioException Missing(string key) => Wrong(_start, $"'{key}' is missing");

    private ScenarioException Wrong(Mark at, string message) => new($"{_file}:{at.Line}: {message}");

    private (YamlScalarNode Key, YamlNode Value)? Take(string key)
    {
        _asked.Add(key);
        return _entries.TryGetValue(key, out var entry) ? entry : null;
    }

    private T Otherwise<T>(string key, T value)
    {
        _asked.Add(key);
        return value;
    }

    private static int? Whole(string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number : null;
}

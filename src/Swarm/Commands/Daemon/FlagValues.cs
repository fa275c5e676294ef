namespace Swarm.Commands;

/// <summary>What was given, by flag: the values in their order, as text. Checked, but not yet understood.</summary>
internal sealed class FlagValues
{
    private readonly Dictionary<string, List<string>> _values = [];

    /// <summary>In the order in which they were first given.</summary>
    public IEnumerable<string> Names => _values.Keys;

    public bool Has(string name) => _values.ContainsKey(name);

    public void Add(string name, string value)
    {
        if (!_values.TryGetValue(name, out var values))
        {
            _values[name] = values = [];
        }

        values.Add(value);
    }

    /// <summary>Given, but with nothing in it: an empty list of the file.</summary>
    public void Mention(string name) => _values.TryAdd(name, []);

    public IReadOnlyList<string> All(string name) => _values.GetValueOrDefault(name) ?? [];

    /// <summary>Null: not given.</summary>
    public string? Last(string name) => All(name) is [.., var last] ? last : null;

    /// <summary>As Docker shows a flag's value in a message.</summary>
    public string Show(DaemonFlag flag) => flag.Kind switch
    {
        FlagKind.List => $"[{string.Join(' ', All(flag.Name))}]",
        FlagKind.Map => $"map[{string.Join(' ', All(flag.Name).Select(pair => string.Join(':', pair.Split('=', 2))))}]",
        FlagKind.Bool => GoBool.Parse(Last(flag.Name)!) == true ? "true" : "false",
        _ => Last(flag.Name) ?? "",
    };

    /// <summary>These over those of the file; where both may have a flag, its values add up.</summary>
    public FlagValues Over(FlagValues file)
    {
        var merged = new FlagValues();
        foreach (var values in new[] { file, this })
        {
            foreach (var (name, list) in values._values)
            {
                merged.Mention(name);
                list.ForEach(value => merged.Add(name, value));
            }
        }

        return merged;
    }
}

/// <summary>Go's strconv.ParseBool.</summary>
internal static class GoBool
{
    /// <returns>Null: neither.</returns>
    public static bool? Parse(string text) => text switch
    {
        "1" or "t" or "T" or "TRUE" or "true" or "True" => true,
        "0" or "f" or "F" or "FALSE" or "false" or "False" => false,
        _ => null,
    };
}

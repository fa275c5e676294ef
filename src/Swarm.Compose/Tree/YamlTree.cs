using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Swarm.Compose.Tree;

/// <summary>YAML to values, with anchors and merge keys (https://yaml.org/type/merge.html) resolved. By YAML's own model, since the binary has no reflection.</summary>
internal sealed class YamlTree
{
    /// <summary>Values of one file after aliases are resolved: a few lines of aliases of aliases would fill the memory otherwise.</summary>
    private const int MaxValues = 200_000;

    private const int MaxDepth = 64;
    private readonly string _file;
    private int _values;

    private YamlTree(string file) => _file = file;

    /// <summary>The documents of a file, each a map.</summary>
    /// <exception cref="ComposeException">Not YAML, or not maps.</exception>
    internal static IReadOnlyList<ComposeMap> Read(string file, TextReader text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(text);
        }
        catch (Exception e) when (e is YamlException or ArgumentException)
        {
            throw new ComposeException($"{file}:{(e as YamlException)?.Start.Line}: {e.Message}", e);
        }

        var tree = new YamlTree(file);
        return [.. stream.Documents.Select(document => tree.Convert(document.RootNode, 0) as ComposeMap
            ?? throw new ComposeException($"{file}: a compose file has keys and values at its top"))];
    }

    private ComposeValue Convert(YamlNode node, int depth)
    {
        if (depth > MaxDepth || ++_values > MaxValues)
        {
            throw Wrong(node, "nested too deeply, or too large when its aliases are resolved");
        }

        ComposeValue value = node switch
        {
            YamlScalarNode scalar => new ComposeScalar(scalar.Value ?? "", scalar.Style is not (ScalarStyle.Plain or ScalarStyle.Any), At(node)),
            YamlSequenceNode list => new ComposeList([.. list.Children.Select(child => Convert(child, depth + 1))], At(node)),
            YamlMappingNode map => Map(map, depth),
            _ => throw Wrong(node, "an alias that stands for nothing"),
        };
        return value with { Tag = TagOf(node) };
    }

    private ComposeMap Map(YamlMappingNode node, int depth)
    {
        var own = new OrderedDictionary<string, ComposeValue>(StringComparer.Ordinal);
        var merged = new List<ComposeMap>();
        foreach (var (key, value) in node.Children)
        {
            if (key is not YamlScalarNode { Value: { } name })
            {
                throw Wrong(key, "a key must be a word");
            }

            if (name == "<<")
            {
                merged.AddRange(Merged(value, depth));
            }
            else
            {
                own[name] = Convert(value, depth + 1);
            }
        }

        // Of several merged maps the earlier one counts; the map's own keys count more than any.
        foreach (var (name, value) in merged.SelectMany(map => map.Entries))
        {
            own.TryAdd(name, value);
        }

        return new ComposeMap(own, At(node));
    }

    private IEnumerable<ComposeMap> Merged(YamlNode value, int depth) => value switch
    {
        YamlMappingNode => [(ComposeMap)Convert(value, depth + 1)],
        YamlSequenceNode list => list.Children.SelectMany(child => Merged(child, depth + 1)),
        _ => throw Wrong(value, "'<<' merges maps only"),
    };

    private static MergeTag TagOf(YamlNode node) => node.Tag.IsEmpty || node.Tag.IsNonSpecific ? MergeTag.None : node.Tag.Value switch
    {
        "!reset" => MergeTag.Reset,
        "!override" => MergeTag.Override,
        _ => MergeTag.None,
    };

    private Origin At(YamlNode node) => new(_file, node.Start.Line);

    private ComposeException Wrong(YamlNode node, string message) => new($"{At(node)}: {message}");
}

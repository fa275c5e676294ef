using Swarm.Compose.Tree;

namespace Swarm.Compose.Conversion;

/// <summary>What the parts of a conversion share.</summary>
internal sealed class ConversionContext(ComposeProject project)
{
    private readonly HashSet<string> _networks = new(StringComparer.Ordinal);

    internal string Stack => project.Name;

    internal Func<string, string?> Variables => project.Variables;

    internal List<string> Remarks { get; } = [.. project.Remarks];

    internal string Folder => project.Folder;

    /// <summary>The keys of the networks that services are attached to.</summary>
    internal IReadOnlySet<string> UsedNetworks => _networks;

    internal Section Root => field ??= new Section(project.Root, "", Remarks);

    /// <summary>The entry of a kind (networks, volumes, ...), empty if it has no keys of its own; null if it is not there.</summary>
    internal Section? Find(string kind, string key) =>
        project.Root[kind] is ComposeMap map && map.Entries.TryGetValue(key, out var value)
            ? new Section(value as ComposeMap ?? ComposeMap.Empty(value.At), $"{kind}.{key}", Remarks)
            : null;

    internal IEnumerable<(string Key, Section Section)> All(string kind) => Root.Map(kind)?.Named() ?? [];

    /// <summary>The name in the cluster of what the compose file calls <paramref name="key"/>.</summary>
    internal string Scoped(string key) => $"{Stack}_{key}";

    /// <summary>An entry's name in the cluster, and whether it is made elsewhere.</summary>
    internal (string Name, bool IsExternal) NameOf(string key, Section section)
    {
        var named = section.Text("name");
        if (section.Value("external") is ComposeMap)
        {
            var external = section.Map("external")!;
            var name = external.Text("name");
            external.End();
            return (named ?? name ?? key, true);
        }

        return section.Flag("external") == true ? (named ?? key, true) : (named ?? Scoped(key), false);
    }

    internal string UseNetwork(string key, Section from)
    {
        _networks.Add(key);
        if (Find("networks", key) is { } network)
        {
            return NameOf(key, network).Name;
        }

        return key == NetworkConversion.Default ? Scoped(key) : throw from.Wrong($"there is no network '{key}'");
    }
}

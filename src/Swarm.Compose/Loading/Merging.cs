using Swarm.Compose.Tree;

namespace Swarm.Compose.Loading;

/// <summary>
/// A later file over an earlier one (compose specification, 13-merge): maps are merged, lists appended, all else replaced. Commands are replaced; what
/// is found by a key in a service's list (ports, volumes, secrets, configs) is replaced by that key.
/// </summary>
internal static class Merging
{
    internal static ComposeMap Merge(ComposeMap earlier, ComposeMap later, string path = "")
    {
        var entries = new OrderedDictionary<string, ComposeValue>(earlier.Entries, StringComparer.Ordinal);
        foreach (var (key, value) in later.Entries)
        {
            if (value.Tag == MergeTag.Reset)
            {
                entries.Remove(key);
            }
            else
            {
                entries[key] = entries.TryGetValue(key, out var before) ? Merge(before, value, path.Length == 0 ? key : $"{path}.{key}") : Clean(value);
            }
        }

        return new ComposeMap(entries, later.At);
    }

    /// <summary>Without what was reset, and was not there anyway.</summary>
    internal static ComposeValue Clean(ComposeValue value) => value switch
    {
        ComposeMap map when map.Entries.Count > 0 => Merge(ComposeMap.Empty(map.At), map) with { Tag = map.Tag },
        _ => value,
    };

    private static ComposeValue Merge(ComposeValue earlier, ComposeValue later, string path)
    {
        if (later.Tag == MergeTag.Override)
        {
            return Clean(later) with { Tag = MergeTag.None };
        }

        return (earlier, later) switch
        {
            (ComposeMap or ComposeList, ComposeScalar { IsNull: true }) => earlier,
            (ComposeMap before, ComposeMap after) => IsOtherDriver(path, before, after) ? after : Merge(before, after, path),
            (ComposeList before, ComposeList after) when !IsReplaced(path) => Append(before, after, KeyOf(path)),
            _ => Clean(later),
        };
    }

    private static ComposeList Append(ComposeList earlier, ComposeList later, Func<ComposeValue, string?> keyOf)
    {
        var items = earlier.Items.ToList();
        foreach (var item in later.Items)
        {
            var key = keyOf(item);
            var same = key is null ? -1 : items.FindIndex(one => keyOf(one) == key);
            if (same < 0)
            {
                items.Add(item);
            }
            else
            {
                items[same] = items[same] is ComposeMap before && item is ComposeMap after ? Merge(before, after) : item;
            }
        }

        return new ComposeList(items, later.At);
    }

    /// <summary>By what two items of a list are the same; null: by nothing.</summary>
    private static Func<ComposeValue, string?> KeyOf(string path) => path.Split('.') switch
    {
        ["services", _, "ports"] => item => item is ComposeMap map ? $"{Text(map, "host_ip")}:{Text(map, "published")}:{Text(map, "target")}/{Text(map, "protocol") ?? "tcp"}" : null,
        ["services", _, "volumes"] => item => item is ComposeMap map ? Text(map, "target") : null,
        ["services", _, "secrets" or "configs"] => item => item is ComposeMap map ? Text(map, "target") ?? Text(map, "source") : null,
        _ => item => item is ComposeScalar scalar ? scalar.Text : null,
    };

    private static bool IsReplaced(string path) => path.Split('.') is ["services", _, "command" or "entrypoint"] or ["services", _, "healthcheck", "test"];

    /// <summary>Options of one log driver say nothing to another.</summary>
    private static bool IsOtherDriver(string path, ComposeMap earlier, ComposeMap later) =>
        path.Split('.') is ["services", _, "logging"] && Text(earlier, "driver") is { } before && Text(later, "driver") is { } after && before != after;

    private static string? Text(ComposeMap map, string key) => map[key] is ComposeScalar { IsNull: false } scalar ? scalar.Text : null;
}

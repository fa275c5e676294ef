using System.Collections.Immutable;
using Swarm.Model;

namespace Swarm.Store;

/// <summary>Ids of tasks by one of their fields (service, node); immutable like the tables.</summary>
internal sealed class TaskIndex
{
    internal static readonly TaskIndex Empty = new(ImmutableDictionary.Create<string, ImmutableSortedSet<string>>(StringComparer.Ordinal));

    private static readonly ImmutableSortedSet<string> NoIds = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);
    private readonly ImmutableDictionary<string, ImmutableSortedSet<string>> _ids;

    private TaskIndex(ImmutableDictionary<string, ImmutableSortedSet<string>> ids) => _ids = ids;

    internal ImmutableSortedSet<string> this[string key] => _ids.GetValueOrDefault(key, NoIds);

    internal TaskIndex Move(string id, string? from, string? to)
    {
        if (from == to)
        {
            return this;
        }

        var ids = _ids;
        if (!string.IsNullOrEmpty(from))
        {
            var rest = ids[from].Remove(id);
            ids = rest.IsEmpty ? ids.Remove(from) : ids.SetItem(from, rest);
        }

        if (!string.IsNullOrEmpty(to))
        {
            ids = ids.SetItem(to, ids.GetValueOrDefault(to, NoIds).Add(id));
        }

        return new TaskIndex(ids);
    }

    /// <summary>Fills an index at once.</summary>
    internal static TaskIndex Of(IEnumerable<(string Id, string Key)> tasks) => new(tasks.Where(task => task.Key.Length > 0)
        .GroupBy(task => task.Key, task => task.Id, StringComparer.Ordinal)
        .ToImmutableDictionary(ids => ids.Key, ids => ImmutableSortedSet.CreateRange(StringComparer.Ordinal, ids), StringComparer.Ordinal));
}

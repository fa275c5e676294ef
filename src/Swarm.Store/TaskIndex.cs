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
    internal sealed class Builder
    {
        private readonly Dictionary<string, ImmutableSortedSet<string>.Builder> _ids = new(StringComparer.Ordinal);

        internal void Add(string id, string key)
        {
            if (key.Length == 0)
            {
                return;
            }

            if (!_ids.TryGetValue(key, out var ids))
            {
                _ids.Add(key, ids = NoIds.ToBuilder());
            }

            ids.Add(id);
        }

        internal TaskIndex Build() => new(_ids.ToImmutableDictionary(ids => ids.Key, ids => ids.Value.ToImmutable(), StringComparer.Ordinal));
    }
}

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

    /// <summary>Fills an index at once.</summary>
    internal static TaskIndex Of(IEnumerable<(string Id, string Key)> tasks) => new(tasks.Where(task => task.Key.Length > 0)
        .GroupBy(task => task.Key, task => task.Id, StringComparer.Ordinal)
        .ToImmutableDictionary(ids => ids.Key, ids => ImmutableSortedSet.CreateRange(StringComparer.Ordinal, ids), StringComparer.Ordinal));

    /// <summary>Makes many changes at once: each key's ids are copied once.</summary>
    internal sealed class Editor(TaskIndex index)
    {
        private readonly Dictionary<string, ImmutableSortedSet<string>.Builder> _changed = new(StringComparer.Ordinal);

        internal void Move(string id, string? from, string? to)
        {
            if (from == to)
            {
                return;
            }

            if (!string.IsNullOrEmpty(from))
            {
                Of(from).Remove(id);
            }

            if (!string.IsNullOrEmpty(to))
            {
                Of(to).Add(id);
            }
        }

        internal TaskIndex Build()
        {
            if (_changed.Count == 0)
            {
                return index;
            }

            var ids = index._ids.ToBuilder();
            foreach (var (key, of) in _changed)
            {
                if (of.Count == 0)
                {
                    ids.Remove(key);
                }
                else
                {
                    ids[key] = of.ToImmutable();
                }
            }

            return new TaskIndex(ids.ToImmutable());
        }

        private ImmutableSortedSet<string>.Builder Of(string key)
        {
            if (!_changed.TryGetValue(key, out var of))
            {
                _changed[key] = of = index[key].ToBuilder();
            }

            return of;
        }
    }
}

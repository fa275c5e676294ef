using System.Collections.Immutable;
using Swarm.Model;

namespace Swarm.Manager.Scheduling;

/// <summary>Which of a node's generic resources its tasks hold: amounts of the counted ones, names of the named ones.</summary>
internal sealed class GenericHoldings
{
    private readonly Dictionary<string, long> _amounts = new(StringComparer.Ordinal);
    private readonly HashSet<(string Kind, string Name)> _names = [];

    internal void Count(ImmutableArray<GenericResource> held, int by)
    {
        foreach (var resource in held)
        {
            if (resource.NamedValue is not { } name)
            {
                _amounts[resource.Kind] = _amounts.GetValueOrDefault(resource.Kind) + (by * resource.Value);
            }
            else if (by > 0)
            {
                _names.Add((resource.Kind, name));
            }
            else
            {
                _names.Remove((resource.Kind, name));
            }
        }
    }

    /// <summary>What of the node's <paramref name="capacity"/> a task that reserves <paramref name="wanted"/> would get; null: there is not enough.</summary>
    internal ImmutableArray<GenericResource>? Choose(ImmutableArray<GenericResource> wanted, ImmutableArray<GenericResource> capacity)
    {
        var chosen = ImmutableArray.CreateBuilder<GenericResource>();
        foreach (var kind in wanted.GroupBy(one => one.Kind, StringComparer.Ordinal))
        {
            var amount = kind.Sum(one => one.NamedValue is null ? one.Value : 1);
            var has = capacity.Where(one => one.Kind == kind.Key).ToList();
            var free = has.Where(one => one.NamedValue is { } name && !_names.Contains((one.Kind, name))).ToList();
            if (free.Count >= amount)
            {
                chosen.AddRange(free.Take((int)amount));
            }
            else if (has.Where(one => one.NamedValue is null).Sum(one => one.Value) - _amounts.GetValueOrDefault(kind.Key) >= amount)
            {
                chosen.Add(new GenericResource { Kind = kind.Key, Value = amount });
            }
            else
            {
                return null;
            }
        }

        return chosen.ToImmutable();
    }
}

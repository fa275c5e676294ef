using System.Collections;
using System.Collections.Immutable;
using Swarm.Model;

namespace Swarm.Store;

/// <summary>An immutable table, by id and by unique name. Every change answers a new table; readers never wait.</summary>
public sealed class Table<T> : IReadOnlyCollection<T> where T : class, IStoreObject
{
    internal static readonly Table<T> Empty = new(
        ImmutableSortedDictionary.Create<string, T>(StringComparer.Ordinal),
        ImmutableDictionary.Create<string, string>(StringComparer.Ordinal));

    private readonly ImmutableSortedDictionary<string, T> _byId;
    private readonly ImmutableDictionary<string, string> _idByName;

    private Table(ImmutableSortedDictionary<string, T> byId, ImmutableDictionary<string, string> idByName)
    {
        _byId = byId;
        _idByName = idByName;
    }

    public int Count => _byId.Count;

    public T? Find(string id) => _byId.GetValueOrDefault(id);

    public T? FindByName(string name) => _idByName.TryGetValue(name, out var id) ? _byId[id] : null;

    /// <summary>In the order of the ids.</summary>
    public IEnumerator<T> GetEnumerator() => _byId.Values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal Table<T> Set(T record, T? old)
    {
        var names = _idByName;
        if (old?.UniqueName is { } oldName && oldName != record.UniqueName)
        {
            names = names.Remove(oldName);
        }

        if (record.UniqueName is { } name)
        {
            names = names.SetItem(name, record.Id);
        }

        return new Table<T>(_byId.SetItem(record.Id, record), names);
    }

    internal Table<T> Remove(T record) =>
        new(_byId.Remove(record.Id), record.UniqueName is { } name ? _idByName.Remove(name) : _idByName);
}

using System.Collections;
using System.Collections.Immutable;
using Swarm.Model;

namespace Swarm.Store;

/// <summary>An immutable table, by id and by unique name. Every change answers a new table; readers never wait.</summary>
public sealed class Table<T> : IReadOnlyCollection<T> where T : class, IStoreObject
{
    internal static readonly Table<T> Empty = new(
        ImmutableSortedDictionary.Create<string, Row<T>>(StringComparer.Ordinal),
        ImmutableDictionary.Create<string, string>(StringComparer.Ordinal));

    private readonly ImmutableSortedDictionary<string, Row<T>> _byId;
    private readonly ImmutableDictionary<string, string> _idByName;

    private Table(ImmutableSortedDictionary<string, Row<T>> byId, ImmutableDictionary<string, string> idByName)
    {
        _byId = byId;
        _idByName = idByName;
    }

    public int Count => _byId.Count;

    /// <summary>In the order of the ids.</summary>
    internal IEnumerable<Row<T>> Rows => _byId.Values;

    public T? Find(string id) => _byId.TryGetValue(id, out var row) ? row.Record : null;

    public T? FindByName(string name) => _idByName.TryGetValue(name, out var id) ? _byId[id].Record : null;

    /// <summary>In the order of the ids.</summary>
    public IEnumerator<T> GetEnumerator()
    {
        foreach (var (_, row) in _byId)
        {
            yield return row.Record;
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal Table<T> Set(Row<T> row)
    {
        var id = row.Record.Id;
        var oldName = _byId.TryGetValue(id, out var old) ? old.Name : null;
        var names = _idByName;
        if (oldName != row.Name)
        {
            names = oldName is null ? names : names.Remove(oldName);
            names = row.Name is null ? names : names.SetItem(row.Name, id);
        }

        return new Table<T>(_byId.SetItem(id, row), names);
    }

    internal Table<T> Remove(string id) =>
        new(_byId.Remove(id), _byId.TryGetValue(id, out var old) && old.Name is { } name ? _idByName.Remove(name) : _idByName);

    /// <summary>Makes many changes at once, without a new table for each.</summary>
    internal sealed class Builder(Table<T> table)
    {
        private readonly ImmutableSortedDictionary<string, Row<T>>.Builder _byId = table._byId.ToBuilder();
        private readonly ImmutableDictionary<string, string>.Builder _idByName = table._idByName.ToBuilder();

        internal T? Find(string id) => _byId.TryGetValue(id, out var row) ? row.Record : null;

        internal T? FindByName(string name) => _idByName.TryGetValue(name, out var id) ? _byId[id].Record : null;

        internal void Set(Row<T> row)
        {
            var id = row.Record.Id;
            if (_idByName.Count > 0 && _byId.TryGetValue(id, out var old) && old.Name is { } oldName && oldName != row.Name)
            {
                _idByName.Remove(oldName);
            }

            _byId[id] = row;
            if (row.Name is { } name)
            {
                _idByName[name] = id;
            }
        }

        internal void Remove(string id)
        {
            if (_byId.TryGetValue(id, out var old) && old.Name is { } name)
            {
                _idByName.Remove(name);
            }

            _byId.Remove(id);
        }

        internal Table<T> Build() => new(_byId.ToImmutable(), _idByName.ToImmutable());
    }
}

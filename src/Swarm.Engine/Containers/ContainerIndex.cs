using System.Collections.Immutable;

namespace Swarm.Engine.Containers;

/// <summary>The containers by id and by name. A name is taken from the moment it is reserved, before the container exists.</summary>
internal sealed class ContainerIndex
{
    private readonly Lock _lock = new();
    private ImmutableDictionary<string, Container> _byId = ImmutableDictionary<string, Container>.Empty;
    private ImmutableDictionary<string, string> _idByName = ImmutableDictionary<string, string>.Empty;

    public IEnumerable<Container> All => _byId.Values;

    /// <exception cref="EngineException">409: the name is in use.</exception>
    public void Reserve(string name, string id)
    {
        lock (_lock)
        {
            if (_idByName.TryGetValue(name, out var owner))
            {
                throw EngineException.Conflict($"Conflict. The container name \"/{name}\" is already in use by container \"{owner}\". You have to remove (or rename) that container to be able to reuse that name.");
            }

            _idByName = _idByName.Add(name, id);
        }
    }

    public bool IsTaken(string name) => _idByName.ContainsKey(name);

    public void Release(string name, string id)
    {
        lock (_lock)
        {
            if (_idByName.GetValueOrDefault(name) == id)
            {
                _idByName = _idByName.Remove(name);
            }
        }
    }

    public void Add(Container container)
    {
        lock (_lock)
        {
            _byId = _byId.Add(container.Id, container);
        }
    }

    public void Remove(Container container)
    {
        lock (_lock)
        {
            _byId = _byId.Remove(container.Id);
            if (_idByName.GetValueOrDefault(container.Record.Name) == container.Id)
            {
                _idByName = _idByName.Remove(container.Record.Name);
            }
        }
    }

    /// <summary>By id, then name, then a prefix of the id that fits one container only.</summary>
    /// <exception cref="EngineException">404; 400: the prefix fits several.</exception>
    public Container Get(string idOrName)
    {
        if (_byId.TryGetValue(idOrName, out var container))
        {
            return container;
        }

        var name = idOrName.StartsWith('/') ? idOrName[1..] : idOrName;
        if (_idByName.TryGetValue(name, out var id) && _byId.TryGetValue(id, out container))
        {
            return container;
        }

        var matches = idOrName.Length > 0 ? _byId.Values.Where(c => c.Id.StartsWith(idOrName, StringComparison.Ordinal)).Take(2).ToList() : [];
        return matches.Count switch
        {
            1 => matches[0],
            0 => throw EngineException.NotFound($"No such container: {idOrName}"),
            _ => throw EngineException.BadRequest($"multiple IDs found with provided prefix: {idOrName}"),
        };
    }

    /// <summary>As <see cref="Get"/>; null if it refuses.</summary>
    public Container? TryGet(string idOrName)
    {
        try
        {
            return Get(idOrName);
        }
        catch (EngineException)
        {
            return null;
        }
    }

    public Container? Find(string id) => _byId.GetValueOrDefault(id);
}

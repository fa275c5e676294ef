using System.Collections.Immutable;
using System.Net;
using Swarm.Model;

namespace Swarm.Manager.Allocation;

/// <summary>
/// The addresses of all networks: what the store says is held, and what the transaction that is being made would take. Owners are ids of services, tasks
/// and nodes.
/// </summary>
internal sealed class AddressLedger
{
    private readonly Dictionary<string, NetworkBook> _books = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ImmutableArray<NetworkAttachment>> _held = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ImmutableArray<NetworkAttachment>> _before = new(StringComparer.Ordinal);

    internal NetworkBook? Find(string networkId) => _books.GetValueOrDefault(networkId);

    internal void Add(Network network)
    {
        if (!network.Pools.IsEmpty && !_books.ContainsKey(network.Id))
        {
            _books.Add(network.Id, new NetworkBook(network));
        }
    }

    internal void Remove(string networkId) => _books.Remove(networkId);

    /// <summary>What the store says. Answers the networks of which something came back.</summary>
    internal IReadOnlyCollection<string> Set(string owner, ImmutableArray<NetworkAttachment> places)
    {
        var held = _held.GetValueOrDefault(owner, []);
        if (held.IsEmpty && places.IsEmpty)
        {
            return [];
        }

        var kept = places.SelectMany(Addresses).ToHashSet();
        var freed = held.Where(place => Addresses(place).Any(address => !kept.Contains(address))).ToList();
        foreach (var place in freed)
        {
            Find(place.NetworkId)?.Release([.. place.Addresses.Where(address => !kept.Contains((place.NetworkId, address)))], owner);
        }

        foreach (var place in places)
        {
            Find(place.NetworkId)?.Hold(place.Addresses, owner);
        }

        Note(owner, places);
        return [.. freed.Select(place => place.NetworkId)];
    }

    /// <summary>Addresses of a network for one more place of an owner, until <see cref="Undo"/>; null if there are none.</summary>
    internal ImmutableArray<string>? Take(NetworkBook book, string owner, ImmutableArray<IPAddress> asked)
    {
        var held = _held.GetValueOrDefault(owner, []);
        if (book.Take(owner, asked) is not { } addresses)
        {
            return null;
        }

        _before.TryAdd(owner, held);
        Note(owner, held.Add(new NetworkAttachment { NetworkId = book.Network.Id, Addresses = addresses }));
        return addresses;
    }

    /// <summary>Gives back what was taken since the last <see cref="Settle"/>: of one owner, or of all.</summary>
    internal void Undo(string owner)
    {
        if (_before.Remove(owner, out var before))
        {
            Set(owner, before);
        }
    }

    /// <inheritdoc cref="Undo(string)"/>
    internal void Undo()
    {
        foreach (var owner in _before.Keys.ToList())
        {
            Undo(owner);
        }
    }

    /// <summary>What was taken is committed.</summary>
    internal void Settle() => _before.Clear();

    private void Note(string owner, ImmutableArray<NetworkAttachment> places)
    {
        if (places.IsEmpty)
        {
            _held.Remove(owner);
        }
        else
        {
            _held[owner] = places;
        }
    }

    private static IEnumerable<(string NetworkId, string Address)> Addresses(NetworkAttachment place) => place.Addresses.Select(address => (place.NetworkId, address));
}

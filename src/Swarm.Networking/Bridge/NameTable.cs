using System.Collections.Immutable;
using System.Net;
using Swarm.Networking.Dns;
using Swarm.Networking.Networks;

namespace Swarm.Networking.Bridge;

/// <summary>
/// The names of the containers on this node's user networks: each knows those of its own networks only. Written by one loop, read by any thread from an
/// immutable picture.
/// </summary>
internal sealed class NameTable : INameSource
{
    private volatile Picture picture = new(
        ImmutableDictionary<string, ImmutableArray<Place>>.Empty, ImmutableDictionary<(string, string), ImmutableArray<BridgeEndpoint>>.Empty,
        ImmutableDictionary<(string, IPAddress), string>.Empty);

    /// <param name="Members">The networks of each container.</param>
    /// <param name="Names">Who has a name in a network (its id).</param>
    /// <param name="Addresses">Whose an address of a network is.</param>
    private sealed record Picture(
        ImmutableDictionary<string, ImmutableArray<Place>> Members,
        ImmutableDictionary<(string NetworkId, string Name), ImmutableArray<BridgeEndpoint>> Names,
        ImmutableDictionary<(string NetworkId, IPAddress Address), string> Addresses);

    private sealed record Place(BridgeEndpoint Endpoint, string NetworkName);

    public void Put(ContainerSandbox sandbox, IReadOnlyDictionary<string, NetworkRecord> networks)
    {
        var places = sandbox.Endpoints.Where(endpoint => networks[endpoint.NetworkId] is { HasNames: true, IsOverlay: false })
            .Select(endpoint => new Place(endpoint, networks[endpoint.NetworkId].Name)).ToImmutableArray();
        picture = With(Without(picture, sandbox.ContainerId), sandbox.ContainerId, places);
    }

    public void Remove(string containerId) => picture = Without(picture, containerId);

    public IReadOnlyList<IPAddress>? Find(string client, string name)
    {
        var now = picture;
        if (!now.Members.TryGetValue(client, out var places))
        {
            return null;
        }

        foreach (var place in places)
        {
            var wanted = place.Endpoint.Links.TryGetValue(name, out var linked) ? linked.ToLowerInvariant() : name;
            if (now.Names.TryGetValue((place.Endpoint.NetworkId, wanted), out var found))
            {
                return Addresses(found);
            }
        }

        var dot = name.LastIndexOf('.');
        return dot <= 0 ? null : places
            .Where(place => place.NetworkName.Equals(name[(dot + 1)..], StringComparison.OrdinalIgnoreCase))
            .Select(place => now.Names.TryGetValue((place.Endpoint.NetworkId, name[..dot]), out var found) ? Addresses(found) : null)
            .FirstOrDefault(found => found is not null);
    }

    public string? NameOf(string client, IPAddress address)
    {
        var now = picture;
        return now.Members.TryGetValue(client, out var places)
            ? places.Select(place => now.Addresses.GetValueOrDefault((place.Endpoint.NetworkId, address))).FirstOrDefault(name => name is not null)
            : null;
    }

    private static List<IPAddress> Addresses(ImmutableArray<BridgeEndpoint> endpoints) =>
        [.. endpoints.SelectMany(endpoint => new[] { endpoint.Address, endpoint.Address6 }).OfType<IPAddress>()];

    private static Picture With(Picture before, string containerId, ImmutableArray<Place> places)
    {
        var (names, addresses) = (before.Names, before.Addresses);
        foreach (var (endpoint, networkName) in places)
        {
            foreach (var key in Keys(endpoint))
            {
                names = names.SetItem(key, names.GetValueOrDefault(key, []).Add(endpoint));
            }

            foreach (var address in Addresses([endpoint]).Where(_ => endpoint.Names.Length > 0))
            {
                addresses = addresses.SetItem((endpoint.NetworkId, address), $"{endpoint.Names[0]}.{networkName}");
            }
        }

        return new Picture(before.Members.SetItem(containerId, places), names, addresses);
    }

    private static Picture Without(Picture before, string containerId)
    {
        if (!before.Members.TryGetValue(containerId, out var places))
        {
            return before;
        }

        var (names, addresses) = (before.Names, before.Addresses);
        foreach (var (endpoint, _) in places)
        {
            foreach (var key in Keys(endpoint))
            {
                var left = names.GetValueOrDefault(key, []).RemoveAll(other => other.ContainerId == containerId);
                names = left.IsEmpty ? names.Remove(key) : names.SetItem(key, left);
            }

            addresses = addresses.RemoveRange(Addresses([endpoint]).Select(address => (endpoint.NetworkId, address)));
        }

        return new Picture(before.Members.Remove(containerId), names, addresses);
    }

    private static IEnumerable<(string, string)> Keys(BridgeEndpoint endpoint) =>
        endpoint.Names.Select(name => name.ToLowerInvariant()).Distinct().Select(name => (endpoint.NetworkId, name));
}

using System.Collections.Immutable;
using System.Net;
using Swarm.Model;
using Swarm.Networking.Bridge;
using Swarm.Networking.Dns;

namespace Swarm.Networking.Overlay;

/// <summary>
/// The names of the cluster's networks: each container knows those of its own networks only. Written by one loop, read by any thread from an immutable picture, so
/// that whoever asks after a change has the answer of after the change.
/// </summary>
internal sealed class OverlayNames : INameSource
{
    private volatile Picture picture = new(
        ImmutableDictionary<string, ImmutableArray<BridgeEndpoint>>.Empty, ImmutableDictionary<string, (NetworkTable, NetworkNames)>.Empty);

    /// <param name="Members">The places of each container, on these networks.</param>
    private sealed record Picture(
        ImmutableDictionary<string, ImmutableArray<BridgeEndpoint>> Members, ImmutableDictionary<string, (NetworkTable Table, NetworkNames Names)> Networks);

    /// <summary>All networks, of which the ingress network has no names; those whose table is the same as before are taken over.</summary>
    public void Set(IEnumerable<NetworkTable> tables)
    {
        var before = picture;
        picture = before with
        {
            Networks = tables.Where(table => !table.Network.Ingress).ToImmutableDictionary(table => table.Network.Id, table =>
                before.Networks.TryGetValue(table.Network.Id, out var had) && ReferenceEquals(had.Table, table) ? had : (table, new NetworkNames(table))),
        };
    }

    /// <param name="places">On networks of the cluster; empty: none.</param>
    public void Put(string containerId, ImmutableArray<BridgeEndpoint> places) =>
        picture = picture with { Members = places.IsEmpty ? picture.Members.Remove(containerId) : picture.Members.SetItem(containerId, places) };

    public void Remove(string containerId) => Put(containerId, []);

    public IReadOnlyList<IPAddress>? Find(string client, string name)
    {
        var now = picture;
        foreach (var (place, names) in On(now, client))
        {
            if (names.Find(place.Links.TryGetValue(name, out var linked) ? linked.ToLowerInvariant() : name) is { } found)
            {
                return found;
            }
        }

        return On(now, client)
            .Where(pair => name.Length > pair.Names.Name.Length + 1 && name[^(pair.Names.Name.Length + 1)] == '.' && name.EndsWith(pair.Names.Name, StringComparison.OrdinalIgnoreCase))
            .Select(pair => pair.Names.Find(name[..^(pair.Names.Name.Length + 1)]))
            .FirstOrDefault(found => found is not null);
    }

    public string? NameOf(string client, IPAddress address) =>
        On(picture, client).Select(pair => pair.Names.NameOf(address)).FirstOrDefault(name => name is not null);

    private static IEnumerable<(BridgeEndpoint Place, NetworkNames Names)> On(Picture now, string client) => now.Members.GetValueOrDefault(client, [])
        .Where(place => now.Networks.ContainsKey(place.NetworkId))
        .Select(place => (place, now.Networks[place.NetworkId].Names));
}

using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using Swarm.Model;

namespace Swarm.Networking.Overlay.Sealing;

/// <summary>An encrypted network as its datagrams are sealed and opened. Immutable.</summary>
internal sealed class SealedNetwork
{
    private readonly ImmutableArray<NetworkKey> keys;
    private readonly FrozenDictionary<UInt128, SocketAddress> peers;

    /// <param name="nodeId">This node's.</param>
    /// <param name="port">That sealed datagrams are sent to, UDP.</param>
    /// <exception cref="InvalidDataException">The key to send with is not there.</exception>
    public SealedNetwork(string nodeId, NetworkTable table, int port)
    {
        (Vni, keys) = (table.Network.Vni, table.Keys!.All);
        Sending = keys.FirstOrDefault(key => key.Number == table.Keys.Current)
            ?? throw new InvalidDataException($"network {table.Network.Annotations.Name} came without its key {table.Keys.Current}");
        peers = table.Peers.Where(peer => peer.Key != nodeId && peer.Value.SealedAddress.Length > 0)
            .Select(peer => IPAddress.Parse(peer.Value.SealedAddress)).Distinct()
            .ToFrozenDictionary(IpAddresses.ToNumber, address => new IPEndPoint(address, port).Serialize());
    }

    public int Vni { get; }

    public NetworkKey Sending { get; }

    /// <param name="number">Its low 32 bits.</param>
    public NetworkKey? Key(uint number) => keys.FirstOrDefault(key => unchecked((uint)key.Number) == number);

    /// <summary>Where a node of the network takes datagrams; null: none has this address.</summary>
    public SocketAddress? Peer(UInt128 address) => peers.GetValueOrDefault(address);

    public override string ToString() => $"SealedNetwork {Vni}";
}

using System.Collections.Immutable;
using Swarm.Model;

namespace Swarm.Networking.Overlay.Sealing;

/// <summary>
/// Opens what arrives and says what of it counts: it is of a network of this node, sealed with a key of that network by a session of one of its nodes, was not heard
/// before, and leads to this node. One thread.
/// </summary>
/// <param name="own">This node's underlay address, as a number.</param>
/// <param name="port">VXLAN's, UDP.</param>
internal sealed class Opener(UInt128 own, int port, TimeProvider time) : IDisposable
{
    /// <summary>Sessions of one node on one network: of its keys, and of its last starts.</summary>
    private const int MaxSessionsOfPeer = 6;

    /// <summary>A session that begins before one that was heard is an old recording, unless the newer one has been silent for this long: a clock was set back.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(1);

    private readonly Dictionary<(int Vni, uint Key, UInt128 Session), Session> sessions = [];
    private ImmutableDictionary<int, SealedNetwork> last = ImmutableDictionary<int, SealedNetwork>.Empty;

    private sealed record Session(SessionCipher Cipher, ReplayWindow Window, UInt128 Peer)
    {
        public long Heard { get; set; }
    }

    /// <summary>Datagrams that were not taken.</summary>
    public long Refused { get; private set; }

    /// <param name="packet">Takes the packet; as long as the datagram at least.</param>
    /// <returns>Bytes of the packet; 0: it is not taken.</returns>
    public int Open(ImmutableDictionary<int, SealedNetwork> networks, Span<byte> datagram, Span<byte> packet)
    {
        if (!ReferenceEquals(networks, last))
        {
            Forget(networks);
        }

        var length = datagram.Length - SealedFormat.Overhead;
        if (length > 0 && datagram[0] == SealedFormat.Version
            && networks.GetValueOrDefault(SealedFormat.Vni(datagram)) is { } network && network.Key(SealedFormat.Key(datagram)) is { } key
            && TryOpen(network, key, datagram, packet[..length]))
        {
            return length;
        }

        Refused++;
        return 0;
    }

    public void Dispose()
    {
        foreach (var session in sessions.Values)
        {
            session.Cipher.Dispose();
        }
    }

    private bool TryOpen(SealedNetwork network, NetworkKey key, Span<byte> datagram, Span<byte> packet)
    {
        var id = (network.Vni, SealedFormat.Key(datagram), SealedFormat.Session(datagram));
        var known = sessions.GetValueOrDefault(id);
        var cipher = known?.Cipher ?? new SessionCipher(key.Secret, network.Vni, key.Number, id.Item3);
        var isGood = cipher.Open(datagram, packet)
            && SealedFormat.TryRead(packet, port, out var read) && read.Vni == network.Vni && read.Destination == own && network.Peer(read.Source) is not null
            && (known is null ? (known = Begin(id, cipher, read.Source)) is not null : known.Peer == read.Source)
            && known!.Window.TryTake(SealedFormat.Counter(datagram));
        if (known is null)
        {
            cipher.Dispose();
            return false;
        }

        known.Heard = isGood ? time.GetTimestamp() : known.Heard;
        return isGood;
    }

    /// <summary>Null: it is older than one that is heard.</summary>
    private Session? Begin((int Vni, uint Key, UInt128 Session) id, SessionCipher cipher, UInt128 peer)
    {
        var others = sessions.Where(pair => pair.Key.Vni == id.Vni && pair.Value.Peer == peer).OrderBy(pair => SealedFormat.BeginOf(pair.Key.Session)).ToList();
        if (others.Exists(other => SealedFormat.BeginOf(other.Key.Session) > SealedFormat.BeginOf(id.Session) && time.GetElapsedTime(other.Value.Heard) < Silence))
        {
            return null;
        }

        foreach (var (oldest, session) in others.Take(others.Count + 1 - MaxSessionsOfPeer))
        {
            session.Cipher.Dispose();
            sessions.Remove(oldest);
        }

        return sessions[id] = new Session(cipher, new ReplayWindow(), peer);
    }

    /// <summary>Drops sessions of keys and nodes that are not any more.</summary>
    private void Forget(ImmutableDictionary<int, SealedNetwork> networks)
    {
        foreach (var (id, session) in sessions.Where(pair => networks.GetValueOrDefault(pair.Key.Vni) is not { } network || network.Key(pair.Key.Key) is null || network.Peer(pair.Value.Peer) is null).ToList())
        {
            session.Cipher.Dispose();
            sessions.Remove(id);
        }

        last = networks;
    }
}

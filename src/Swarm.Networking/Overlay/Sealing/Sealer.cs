using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;

namespace Swarm.Networking.Overlay.Sealing;

/// <summary>Seals what VXLAN sends, with the key that its network uses now. One thread.</summary>
/// <param name="port">VXLAN's, UDP.</param>
internal sealed class Sealer(int port, TimeProvider time) : IDisposable
{
    private readonly Dictionary<int, Session> sessions = [];

    private sealed record Session(long Key, byte[] Secret, UInt128 Id, SessionCipher Cipher)
    {
        public ulong Sent { get; set; }
    }

    /// <param name="datagram">The packet, behind room for the header and before room for the tag; sealed when this returns.</param>
    /// <param name="length">Bytes of the packet.</param>
    /// <returns>Where it goes; null: to nobody of its network.</returns>
    public SocketAddress? Seal(ImmutableDictionary<int, SealedNetwork> networks, Span<byte> datagram, int length)
    {
        if (!SealedFormat.TryRead(datagram.Slice(SealedFormat.HeaderBytes, length), port, out var packet)
            || networks.GetValueOrDefault(packet.Vni) is not { } network || network.Peer(packet.Destination) is not { } peer)
        {
            return null;
        }

        var session = SessionOf(network);
        SealedFormat.Write(datagram, network.Vni, session.Key, session.Id);
        BinaryPrimitives.WriteUInt64BigEndian(datagram[SealedFormat.CounterAt..], ++session.Sent);
        session.Cipher.Seal(datagram, length);
        return peer;
    }

    public void Dispose()
    {
        foreach (var session in sessions.Values)
        {
            session.Cipher.Dispose();
        }
    }

    private Session SessionOf(SealedNetwork network)
    {
        var key = network.Sending;
        if (sessions.TryGetValue(network.Vni, out var session))
        {
            if (session.Key == key.Number && session.Secret.AsSpan().SequenceEqual(key.Secret)) // a network may be made anew with the same identifier
            {
                return session;
            }

            session.Cipher.Dispose();
        }

        Span<byte> random = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(random);
        var id = new UInt128((ulong)time.GetUtcNow().ToUnixTimeMilliseconds(), BinaryPrimitives.ReadUInt64BigEndian(random));
        return sessions[network.Vni] = new Session(key.Number, key.Secret, id, new SessionCipher(key.Secret, network.Vni, key.Number, id));
    }
}

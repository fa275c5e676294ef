using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Swarm.Model;
using Swarm.Networking.Overlay.Sealing;

namespace Swarm.Networking.Tests.Overlay;

public sealed class SealingTests
{
    private const int Vni = 5000, Vxlan = 4789, Sealed = 4790;
    private static readonly NetworkKeys Keys = new() { Current = 1, All = [TableMaker.Key(1), TableMaker.Key(2)] };

    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public void What_is_sealed_is_opened_once_and_not_if_a_bit_is_changed()
    {
        var (there, here) = (Networks("n1", Keys), Networks("n2", Keys));
        using var sealer = new Sealer(Vxlan, time);
        using var opener = Opener();
        var datagram = Seal(sealer, there, Packet(1, 2, Vni, "hello"));
        foreach (var place in Enumerable.Range(0, datagram.Length))
        {
            var bent = (byte[])datagram.Clone();
            bent[place] ^= 0x10;
            Assert.Null(Open(opener, here, bent));
        }

        foreach (var length in Enumerable.Range(0, datagram.Length))
        {
            Assert.Null(Open(opener, here, datagram[..length]));
        }

        Assert.Equal(Packet(1, 2, Vni, "hello"), Open(opener, here, datagram));
        Assert.Null(Open(opener, here, datagram));
    }

    [Fact]
    public void Every_held_key_is_heard_and_no_other()
    {
        var next = Keys with { Current = 2, All = [.. Keys.All, TableMaker.Key(3)] };
        using var opener = Opener();
        using var sealer = new Sealer(Vxlan, time);
        Assert.NotNull(Open(opener, Networks("n2", next), Seal(sealer, Networks("n1", Keys), Packet(1, 2, Vni))));
        Assert.NotNull(Open(opener, Networks("n2", Keys), Seal(sealer, Networks("n1", next), Packet(1, 2, Vni))));
        var last = next with { Current = 3, All = [.. next.All.Skip(1)] };
        Assert.Null(Open(opener, Networks("n2", last), Seal(sealer, Networks("n1", Keys), Packet(1, 2, Vni))));
    }

    [Theory]
    [InlineData(1, 3, Vni)] // to another node
    [InlineData(9, 2, Vni)] // from nobody of the network
    [InlineData(1, 2, Vni + 1)] // of another network
    public void What_is_inside_must_be_the_networks_too(int from, int to, int vni)
    {
        using var cipher = new SessionCipher(Keys.All[0].Secret, Vni, 1, new UInt128(1, 1));
        var packet = Packet(from, to, vni);
        var datagram = new byte[packet.Length + SealedFormat.Overhead];
        SealedFormat.Write(datagram, Vni, 1, new UInt128(1, 1));
        datagram[SealedFormat.CounterAt + 7] = 1;
        packet.CopyTo(datagram, SealedFormat.HeaderBytes);
        cipher.Seal(datagram, packet.Length);
        using var opener = Opener();
        Assert.Null(Open(opener, Networks("n2", Keys), datagram));
    }

    [Fact]
    public void An_older_session_is_a_recording_unless_the_newer_one_is_silent()
    {
        using var opener = Opener();
        var here = Networks("n2", Keys);
        using var first = new Sealer(Vxlan, time);
        var recorded = Seal(first, Networks("n1", Keys), Packet(1, 2, Vni));
        time.Advance(TimeSpan.FromSeconds(1));
        using var second = new Sealer(Vxlan, time);
        Assert.NotNull(Open(opener, here, Seal(second, Networks("n1", Keys), Packet(1, 2, Vni))));
        Assert.Null(Open(opener, here, recorded));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.NotNull(Open(opener, here, recorded)); // its clock was set back
        Assert.Null(Open(opener, here, recorded));
    }

    [Fact]
    public void Window_takes_each_number_once_and_none_far_behind() => Gen.ULong[1, 20000].Array[1, 400].Sample(numbers =>
    {
        var window = new ReplayWindow();
        var taken = new HashSet<ulong>();
        var newest = 0ul;
        foreach (var number in numbers)
        {
            var isDue = !taken.Contains(number) && (number > newest || newest - number < ReplayWindow.Size);
            Assert.Equal(isDue, window.TryTake(number));
            newest = Math.Max(newest, number);
            taken.Add(number);
        }
    });

    private Opener Opener() => new(IpAddresses.ToNumber(IPAddress.Parse("192.0.2.2")), Vxlan, time);

    private static byte[] Seal(Sealer sealer, ImmutableDictionary<int, SealedNetwork> networks, byte[] packet)
    {
        var datagram = new byte[packet.Length + SealedFormat.Overhead];
        packet.CopyTo(datagram, SealedFormat.HeaderBytes);
        Assert.NotNull(sealer.Seal(networks, datagram, packet.Length));
        return datagram;
    }

    private static byte[]? Open(Opener opener, ImmutableDictionary<int, SealedNetwork> networks, byte[] datagram)
    {
        var packet = new byte[2048];
        return opener.Open(networks, (byte[])datagram.Clone(), packet) is var length and > 0 ? packet[..length] : null;
    }

    private static ImmutableDictionary<int, SealedNetwork> Networks(string nodeId, NetworkKeys keys)
    {
        var table = new NetworkTable { Network = new Network { Vni = Vni }, Keys = keys };
        foreach (var number in (int[])[1, 2])
        {
            table = table with { Peers = table.Peers.Add($"n{number}", new NetworkPeer { SealedAddress = $"192.0.2.{number}" }) };
        }

        return ImmutableDictionary<int, SealedNetwork>.Empty.Add(Vni, new SealedNetwork(nodeId, table, Sealed));
    }

    /// <summary>As VXLAN sends it: headers of IPv4, UDP and VXLAN.</summary>
    private static byte[] Packet(int from, int to, int vni, string content = "")
    {
        var packet = new byte[36 + content.Length];
        packet[0] = 0x45;
        packet[9] = 17;
        IPAddress.Parse($"192.0.2.{from}").TryWriteBytes(packet.AsSpan(12), out _);
        IPAddress.Parse($"192.0.2.{to}").TryWriteBytes(packet.AsSpan(16), out _);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), Vxlan);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(32), (uint)vni << 8);
        System.Text.Encoding.ASCII.GetBytes(content, packet.AsSpan(36));
        return packet;
    }
}

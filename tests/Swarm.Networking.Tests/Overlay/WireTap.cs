using System.Net.Sockets;
using Swarm.Linux;

namespace Swarm.Networking.Tests.Overlay;

/// <summary>Every frame that a namespace's links send or hear (packet(7)), from when it is made.</summary>
public sealed class WireTap : IDisposable
{
    private const ProtocolType AllFrames = (ProtocolType)0x0300; // ETH_P_ALL, in network byte order
    private const int EthernetBytes = 14, IPv4Bytes = 20, Udp = 17, BufferBytes = 32 << 20;

    private readonly Socket socket;

    public WireTap(NetworkNamespace ns) => socket = ns.Run(() =>
    {
        var made = new Socket(AddressFamily.Packet, SocketType.Raw, AllFrames) { Blocking = false };
        made.SetRawSocketOption(1, 33, BitConverter.GetBytes(BufferBytes)); // SOL_SOCKET, SO_RCVBUFFORCE
        return made;
    });

    /// <summary>What was heard since the last call.</summary>
    public List<byte[]> Take()
    {
        var frames = new List<byte[]>();
        var buffer = new byte[1 << 16];
        while (socket.Receive(buffer, SocketFlags.None, out var error) is var length && error == SocketError.Success)
        {
            frames.Add(buffer[..length]);
        }

        return frames;
    }

    /// <summary>What UDP datagrams of IPv4 to a port carry.</summary>
    public static List<byte[]> Datagrams(IEnumerable<byte[]> frames, int port) =>
    [
        .. frames.Where(frame => frame.Length > EthernetBytes + IPv4Bytes + 8 && frame[12] == 8 && frame[13] == 0 && frame[EthernetBytes + 9] == Udp
                && ((frame[EthernetBytes + IPv4Bytes + 2] << 8) | frame[EthernetBytes + IPv4Bytes + 3]) == port)
            .Select(frame => frame[(EthernetBytes + IPv4Bytes + 8)..]),
    ];

    public void Dispose() => socket.Dispose();
}

using System.Threading.Channels;

namespace Swarm.Networking.Netlink;

/// <summary>
/// Closes sockets that changed rules, on a thread of its own. Whoever closes such a socket may wait until what the change removed is freed (the kernel's
/// nft_rcv_nl_event), a grace period of RCU. One thread for the process.
/// </summary>
internal static class NetlinkClosing
{
    /// <summary>Beyond it the one who changes waits himself, as he would without all this.</summary>
    private const int QueuedSockets = 1024;

    private static readonly Lazy<ChannelWriter<NetlinkSocket>> Queue = new(() =>
    {
        var sockets = Channel.CreateBounded<NetlinkSocket>(new BoundedChannelOptions(QueuedSockets) { SingleReader = true, AllowSynchronousContinuations = true });
        const int stackBytes = 128 * 1024;
        new Thread(() => Close(sockets.Reader), stackBytes) { IsBackground = true, Name = "netlink closing" }.Start();
        return sockets.Writer;
    });

    /// <summary>Before any thread enters another namespace: the one that closes would stay in it.</summary>
    public static void Begin() => _ = Queue.Value;

    public static void Take(NetlinkSocket socket)
    {
        if (!Queue.IsValueCreated || !Queue.Value.TryWrite(socket))
        {
            socket.Dispose();
        }
    }

    private static void Close(ChannelReader<NetlinkSocket> sockets)
    {
        while (sockets.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (sockets.TryRead(out var socket))
            {
                socket.Dispose();
            }
        }
    }
}

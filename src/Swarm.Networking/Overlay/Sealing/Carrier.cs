using System.Collections.Immutable;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Swarm.Linux;
using Swarm.Model;

namespace Swarm.Networking.Overlay.Sealing;

/// <summary>The two threads that carry datagrams: from the tun link, sealed, to other nodes, and back. As by any network, what cannot be carried is lost.</summary>
internal sealed partial class Carrier : IDisposable
{
    private const int MaxPacket = ushort.MaxValue;

    /// <summary>Between two lines of the log about datagrams that were not taken.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    private readonly TunDevice device;
    private readonly Socket socket;
    private readonly SealedPathPlace place;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Action broken;
    private readonly int stopRead, stopWrite;
    private readonly Thread[] threads;
    private volatile ImmutableDictionary<int, SealedNetwork> networks = ImmutableDictionary<int, SealedNetwork>.Empty;
    private volatile bool isStopping, hasEnded;

    /// <summary>Owns device and socket from here on.</summary>
    /// <param name="broken">The tun link is gone; called once, by a thread of its own.</param>
    public Carrier(TunDevice device, Socket socket, SealedPathPlace place, TimeProvider time, ILogger logger, Action broken)
    {
        (this.device, this.socket, this.place, this.time, this.logger, this.broken) = (device, socket, place, time, logger, broken);
        (stopRead, stopWrite) = FileDescriptors.Pipe();
        threads = [.. ((ReadOnlySpan<Action>)[Send, Receive]).ToArray().Select(carry => new Thread(() => Run(carry)) { IsBackground = true, Name = "sealed path" })];
        foreach (var thread in threads)
        {
            thread.Start();
        }
    }

    /// <summary>By itself.</summary>
    public bool HasEnded => hasEnded;

    /// <summary>From now on these networks are carried.</summary>
    public void Follow(ImmutableDictionary<int, SealedNetwork> now) => networks = now;

    public void Dispose()
    {
        isStopping = true;
        FileDescriptors.Close(stopWrite); // both threads hear of it
        foreach (var thread in threads)
        {
            thread.Join();
        }

        FileDescriptors.Close(stopRead);
        socket.Dispose();
        device.Dispose();
    }

    private void Run(Action carry)
    {
        try
        {
            carry();
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            LogBroken(logger, error.Message);
        }

        if (!isStopping && !hasEnded)
        {
            hasEnded = true;
            broken();
        }
    }

    private void Send()
    {
        using var sealer = new Sealer(place.Port, time);
        var datagram = new byte[MaxPacket + SealedFormat.Overhead];
        WhileReady(device.Descriptor, () =>
        {
            var length = FileDescriptors.Read(device.Descriptor, datagram.AsSpan(SealedFormat.HeaderBytes, MaxPacket));
            if (length < 0)
            {
                return length == -LinuxError.Again ? false : throw LinuxError.Of("read from the tun link of encrypted networks", -length);
            }

            if (sealer.Seal(networks, datagram, length) is { } peer)
            {
                try
                {
                    socket.SendTo(datagram.AsSpan(0, length + SealedFormat.Overhead), SocketFlags.None, peer);
                }
                catch (SocketException)
                {
                    // No route, no room, a firewall: lost, and sent again by whoever needs it.
                }
            }

            return true;
        });
    }

    private void Receive()
    {
        using var opener = new Opener(IpAddresses.ToNumber(place.Own), place.Port, time);
        var (datagram, packet) = (new byte[MaxPacket], new byte[MaxPacket]);
        var (told, spoken) = (0L, (long?)null);
        WhileReady((int)socket.SafeHandle.DangerousGetHandle(), () =>
        {
            var length = socket.Receive(datagram, SocketFlags.None, out var error);
            if (error != SocketError.Success)
            {
                return error != SocketError.WouldBlock; // an error that a neighbour reported is taken by reading it
            }

            if (opener.Open(networks, datagram.AsSpan(0, length), packet) is var opened and > 0)
            {
                _ = FileDescriptors.Write(device.Descriptor, packet.AsSpan(0, opened)); // the other thread hears if the link is gone
            }
            else if (opener.Refused > told && (spoken is null || time.GetElapsedTime(spoken.Value) > Quiet))
            {
                LogRefused(logger, opener.Refused - told);
                (told, spoken) = (opener.Refused, time.GetTimestamp());
            }

            return true;
        });
    }

    /// <summary>Repeats <paramref name="step"/> while it has something to do, then waits for more, until told to stop.</summary>
    private void WhileReady(int descriptor, Func<bool> step)
    {
        using var epoll = new Epoll();
        epoll.Watch(stopRead, Epoll.In);
        epoll.Watch(descriptor, Epoll.In);
        Span<Epoll.Event> ready = stackalloc Epoll.Event[2];
        while (!isStopping)
        {
            while (!isStopping && step())
            {
            }

            epoll.Wait(ready, milliseconds: -1);
        }
    }

    [LoggerMessage(7126, LogLevel.Warning, "{Count} datagrams to encrypted networks were not taken: not from a node of the network, or heard before")]
    private static partial void LogRefused(ILogger logger, long count);

    [LoggerMessage(7127, LogLevel.Error, "Encrypted networks carry nothing: {Reason}")]
    private static partial void LogBroken(ILogger logger, string reason);
}

using Swarm.Linux;

namespace Swarm.Engine.Shim;

/// <summary>
/// The shim's clients, by descriptor. What all of them hear goes through here, and who does not take it is left out from then on.
/// </summary>
/// <param name="left">Is told of each that is dropped, before its descriptor is closed.</param>
internal sealed class ShimClients(TimeProvider time, Action<ShimClientConnection> left)
{
    /// <summary>For as long a client may hold up the container's output; then it is cut off.</summary>
    private static readonly TimeSpan MaximumStall = TimeSpan.FromSeconds(2);

    private readonly Dictionary<int, ShimClientConnection> _clients = [];

    public int Count => _clients.Count;

    public IReadOnlyCollection<ShimClientConnection> All => _clients.Values;

    /// <summary>Whether somebody has not taken yet what was sent.</summary>
    public bool AnyPending
    {
        get
        {
            foreach (var client in _clients.Values)
            {
                if (client.HasPending)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Until the next client is to be cut off; -1 for never.</summary>
    public int MillisecondsToStall
    {
        get
        {
            var wait = -1;
            foreach (var client in _clients.Values)
            {
                if (client.HasPending)
                {
                    var rest = (int)Math.Max(0, Math.Ceiling((MaximumStall - time.GetElapsedTime(client.LastProgress)).TotalMilliseconds));
                    wait = wait < 0 ? rest : Math.Min(wait, rest);
                }
            }

            return wait;
        }
    }

    public ShimClientConnection? Find(int fd) => _clients.GetValueOrDefault(fd);

    public void Add(ShimClientConnection client) => _clients.Add(client.Descriptor, client);

    public void Drop(ShimClientConnection client)
    {
        _clients.Remove(client.Descriptor);
        left(client);
        FileDescriptors.Close(client.Descriptor);
    }

    /// <summary>Of those that there are when it begins.</summary>
    public void DropWhere(Predicate<ShimClientConnection> condition)
    {
        foreach (var client in _clients.Values.ToArray())
        {
            if (condition(client))
            {
                Drop(client);
            }
        }
    }

    public void CutStalled()
    {
        if (MillisecondsToStall == 0)
        {
            DropWhere(client => client.HasPending && time.GetElapsedTime(client.LastProgress) >= MaximumStall);
        }
    }

    /// <summary>False if the client is gone.</summary>
    public bool Flush(ShimClientConnection client) => client.Flush(time.GetTimestamp());

    /// <summary>False if the client is gone.</summary>
    public bool Send(ShimClientConnection client, ShimFrameKind kind, ReadOnlySpan<byte> payload)
    {
        Span<byte> frame = stackalloc byte[ShimFrame.HeaderSize + payload.Length];
        ShimFrame.WriteHeader(frame, kind, payload.Length);
        payload.CopyTo(frame[ShimFrame.HeaderSize..]);
        return client.Send(frame, time.GetTimestamp());
    }

    public void Announce(ShimInterest interest, ShimFrameKind kind, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[ShimFrame.HeaderSize + payload.Length];
        ShimFrame.WriteHeader(frame, kind, payload.Length);
        payload.CopyTo(frame.AsSpan(ShimFrame.HeaderSize));
        Broadcast(interest, frame);
    }

    public void Broadcast(ShimInterest interest, ReadOnlySpan<byte> frame)
    {
        List<ShimClientConnection>? gone = null;
        foreach (var client in _clients.Values)
        {
            if (client.Interest.HasFlag(interest) && !client.Send(frame, time.GetTimestamp()))
            {
                (gone ??= []).Add(client);
            }
        }

        gone?.ForEach(Drop);
    }

    /// <summary>A full socket holds unread notices already, so that one more would say nothing new.</summary>
    public void NotifyLogReaders()
    {
        Span<byte> frame = stackalloc byte[ShimFrame.HeaderSize];
        ShimFrame.WriteHeader(frame, ShimFrameKind.Logged, 0);
        foreach (var client in _clients.Values)
        {
            if (client.Interest.HasFlag(ShimInterest.Log))
            {
                LocalSocket.Send(client.Descriptor, frame);
            }
        }
    }
}

using Swarm.Linux;
using Swarm.Networking.Netlink;
using static Swarm.Networking.Netlink.RouteConstants;

namespace Swarm.Networking.Nftables;

/// <summary>
/// A socket in the namespace of each container whose rules change again and again. To open one takes a change of namespace, and to close one that took something away a
/// grace period of RCU (<see cref="NetlinkClosing"/>): kept, a change is one message in and one out. It ends with its container, whose namespace it would keep. Owned by
/// one loop.
/// </summary>
internal sealed class RuleSockets : IDisposable
{
    /// <summary>Room for a refusal and its text.</summary>
    private const int AnswerBytes = 4096;

    private readonly Dictionary<string, NetlinkSocket> sockets = [];

    /// <summary>A new one, in the calling thread's namespace, in place of any that there was.</summary>
    public NetlinkSocket Open(string containerId)
    {
        Close(containerId);
        var socket = new NetlinkSocket(NetlinkNetfilter, AnswerBytes);
        try
        {
            socket.MakeRoom();
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        return sockets[containerId] = socket;
    }

    /// <summary>Applies changes in each of the containers' namespaces; one whose change fails is told of and leaves the others.</summary>
    /// <param name="containers">By id, the files of their namespaces.</param>
    public void Apply(IReadOnlyDictionary<string, string> containers, Func<string, IEnumerable<RuleBatch>> changes, string what, Action<string, IOException> failed)
    {
        var ids = containers.Where(pair => !sockets.ContainsKey(pair.Key)).ToDictionary(pair => pair.Value, pair => pair.Key);
        if (ids.Count > 0)
        {
            NetworkNamespace.RunInEach(ids.Keys, path => Open(ids[path]), (path, error) => failed(ids[path], error));
        }

        foreach (var id in containers.Keys)
        {
            if (!sockets.TryGetValue(id, out var socket))
            {
                continue;
            }

            try
            {
                foreach (var change in changes(id))
                {
                    change.Apply(socket, what);
                }
            }
            catch (IOException error)
            {
                Close(id);
                failed(id, error);
            }
        }
    }

    /// <summary>Safe to repeat.</summary>
    public void Close(string containerId)
    {
        if (sockets.Remove(containerId, out var socket))
        {
            NetlinkClosing.Take(socket);
        }
    }

    public void Dispose()
    {
        foreach (var id in sockets.Keys.ToList())
        {
            Close(id);
        }
    }
}

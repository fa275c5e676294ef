using System.Collections.Immutable;
using MessagePack;
using Swarm.Model;
using Swarm.Rpc.Dispatch;
using Swarm.Security;

namespace Swarm.Rpc.Clients;

/// <summary>Where the managers are, by node id; durable, so that a node that restarts knows whom to ask.</summary>
public sealed class PeerAddressBook
{
    /// <summary>Managers that are remembered.</summary>
    public const int MaxPeers = 256;

    private const string FileName = "managers";

    private readonly Lock _writing = new();
    private readonly NodeFolder _folder;

    // Both under the lock. What the store last said of a peer, and whom this run has heard itself.
    private readonly Dictionary<string, string> _told = new(StringComparer.Ordinal);
    private readonly HashSet<string> _heard = new(StringComparer.Ordinal);
    private volatile ImmutableSortedDictionary<string, string> _addresses = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <exception cref="IOException">The folder cannot be read.</exception>
    /// <exception cref="MessagePackSerializationException">The file is damaged.</exception>
    public PeerAddressBook(NodeFolder folder)
    {
        _folder = folder;
        if (folder.Read(FileName) is { } saved)
        {
            _addresses = _addresses.SetItems(Codec.Deserialize<PeerAddresses>(saved).Peers.Select(peer => KeyValuePair.Create(peer.NodeId, peer.Address)));
        }
    }

    /// <summary>host:port by node id.</summary>
    public ImmutableSortedDictionary<string, string> Addresses => _addresses;

    public string? Find(string nodeId) => _addresses.GetValueOrDefault(nodeId);

    /// <summary>Learns or corrects one address; returns once it is durable.</summary>
    /// <exception cref="IOException">It holds for this run only.</exception>
    public void Set(string nodeId, string address)
    {
        if (Find(nodeId) != address)
        {
            Change(book => book.Count < MaxPeers || book.ContainsKey(nodeId) ? book.SetItem(nodeId, address) : book);
        }
    }

    /// <summary>
    /// As <see cref="Set"/>, from the peer itself: until the store says something new of it, this stands. The store cannot be written while its
    /// managers look for one another, and would bring the old address back.
    /// </summary>
    public void Heard(string nodeId, string address)
    {
        lock (_writing)
        {
            _heard.Add(nodeId);
        }

        Set(nodeId, address);
    }

    /// <summary>As <see cref="Set"/>, from a third: good enough unless the peer itself was heard.</summary>
    public void Hint(string nodeId, string address)
    {
        lock (_writing)
        {
            if (_heard.Contains(nodeId))
            {
                return;
            }
        }

        Set(nodeId, address);
    }

    public void Remove(string nodeId) => Change(book => book.Remove(nodeId));

    /// <summary>Takes over a whole list. An empty one changes nothing: the last known managers are better than none.</summary>
    public void Replace(ImmutableArray<ManagerAddress> managers)
    {
        if (!managers.IsDefaultOrEmpty)
        {
            Change(book => book.Clear().SetItems(managers.Take(MaxPeers).Select(peer => KeyValuePair.Create(peer.NodeId, Newest(book, peer)))));
        }
    }

    /// <summary>Under the lock.</summary>
    private string Newest(ImmutableSortedDictionary<string, string> book, ManagerAddress peer)
    {
        var isNews = !_told.TryGetValue(peer.NodeId, out var before) ? !_heard.Contains(peer.NodeId) : before != peer.Address;
        _told[peer.NodeId] = peer.Address;
        return isNews || !book.TryGetValue(peer.NodeId, out var known) ? peer.Address : known;
    }

    private void Change(Func<ImmutableSortedDictionary<string, string>, ImmutableSortedDictionary<string, string>> change)
    {
        lock (_writing)
        {
            var changed = change(_addresses);
            if (changed.SequenceEqual(_addresses))
            {
                return;
            }

            var saved = new PeerAddresses { Peers = [.. changed.Select(peer => new ManagerAddress { NodeId = peer.Key, Address = peer.Value })] };
            try
            {
                _folder.Write(FileName, Codec.Serialize(saved));
            }
            finally
            {
                // A full disk is told to the caller, but must not leave a running node with the old addresses.
                _addresses = changed;
            }
        }
    }
}

[MessagePackObject]
public sealed record PeerAddresses
{
    [Key(0)] public ImmutableArray<ManagerAddress> Peers { get; init; } = [];
}

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

    public void Remove(string nodeId) => Change(book => book.Remove(nodeId));

    /// <summary>Takes over a whole list. An empty one changes nothing: the last known managers are better than none.</summary>
    public void Replace(ImmutableArray<ManagerAddress> managers)
    {
        if (!managers.IsDefaultOrEmpty)
        {
            Change(book => book.Clear().SetItems(managers.Take(MaxPeers).Select(peer => KeyValuePair.Create(peer.NodeId, peer.Address))));
        }
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

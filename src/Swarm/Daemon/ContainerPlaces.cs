using System.Collections.Immutable;
using MessagePack;
using Swarm.Linux;
using Swarm.Model;
using Swarm.Rpc.Dispatch;

namespace Swarm.Daemon;

/// <summary>The places that this node's plain containers have on networks of the cluster, a file each: what a restarted daemon tells the managers.</summary>
internal sealed class ContainerPlaces
{
    private readonly string _folder;
    private readonly Lock _writing = new();
    private volatile ImmutableDictionary<(string ContainerId, string NetworkId), ContainerPlace> _all;

    public ContainerPlaces(string folder)
    {
        _folder = folder;
        Directory.CreateDirectory(folder);
        _all = Load().ToImmutableDictionary(place => (place.ContainerId, place.NetworkId));
    }

    public ImmutableArray<ContainerPlace> All => [.. _all.Values];

    public ContainerPlace? Of(string containerId, string networkId) => _all.GetValueOrDefault((containerId, networkId));

    public IEnumerable<ContainerPlace> Of(string containerId) => _all.Values.Where(place => place.ContainerId == containerId);

    public void Put(ContainerPlace place)
    {
        lock (_writing)
        {
            DurableFile.Write(PathOf(place), Codec.Serialize(place));
            _all = _all.SetItem((place.ContainerId, place.NetworkId), place);
        }
    }

    public void Remove(ContainerPlace place)
    {
        lock (_writing)
        {
            File.Delete(PathOf(place));
            _all = _all.Remove((place.ContainerId, place.NetworkId));
        }
    }

    /// <summary>Forgets those of containers that ended while no daemon ran. The managers hear of it with the next session.</summary>
    public void Retain(IReadOnlySet<string> running)
    {
        foreach (var place in All.Where(place => !running.Contains(place.ContainerId)))
        {
            Remove(place);
        }
    }

    private string PathOf(ContainerPlace place) => Path.Combine(_folder, $"{place.ContainerId}.{place.NetworkId}");

    /// <summary>What cannot be read is the temporary file of a write that did not end, or of another version: nobody relies on it.</summary>
    private IEnumerable<ContainerPlace> Load()
    {
        foreach (var path in Directory.GetFiles(_folder))
        {
            ContainerPlace? place = null;
            try
            {
                place = Codec.Deserialize<ContainerPlace>(File.ReadAllBytes(path));
            }
            catch (MessagePackSerializationException)
            {
            }

            if (place is { ContainerId.Length: > 0 } && PathOf(place) == path)
            {
                yield return place;
            }
            else
            {
                File.Delete(path);
            }
        }
    }
}

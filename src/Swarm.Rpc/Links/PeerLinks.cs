using Swarm.Rpc.Clients;

namespace Swarm.Rpc.Links;

/// <summary>
/// One link to each manager that is called, opened behind the calls: until it stands, and to a manager of a version without links, they are made by
/// themselves. Safe from any thread.
/// </summary>
/// <param name="hold">The connection to an address, held.</param>
internal sealed class PeerLinks(Func<string, PeerChannel> hold, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Place> _places = new(StringComparer.Ordinal);
    private long _generation;

    /// <summary>The link for a call; null: there is none now.</summary>
    /// <param name="refused">Hears why the other end ended it.</param>
    internal PeerLink? Find(in LinkKey key, Action<RpcFault> refused)
    {
        PeerLink? outdated = null;
        long generation;
        lock (_lock)
        {
            if (!_places.TryGetValue(key.NodeId, out var place))
            {
                if (_places.Count >= RpcChannels.MaxChannels)
                {
                    return null;
                }

                _places[key.NodeId] = place = new Place();
            }

            if (place.Link is { } link)
            {
                if (link.Key == key && link.IsOpen)
                {
                    return link;
                }

                (outdated, place.Link) = (link, null);
            }

            if (place.IsOpening || (place.FailedAt is { } failed && time.GetElapsedTime(failed) < RpcLimits.LinkRetry))
            {
                generation = -1;
            }
            else
            {
                place.IsOpening = true;
                generation = _generation;
            }
        }

        outdated?.Retire();
        if (generation >= 0)
        {
            _ = OpenAsync(key, refused, generation);
        }

        return null;
    }

    /// <summary>The connections are made anew: calls use new links, and the old ones end with the calls that they carry.</summary>
    internal void Retire()
    {
        List<PeerLink> old;
        lock (_lock)
        {
            _generation++;
            old = [.. _places.Values.Select(place => place.Link).OfType<PeerLink>()];
            foreach (var place in _places.Values)
            {
                (place.Link, place.FailedAt) = (null, null);
            }
        }

        old.ForEach(link => link.Retire());
    }

    private async Task OpenAsync(LinkKey key, Action<RpcFault> refused, long generation)
    {
        PeerLink? opened = null;
        try
        {
            // Not on the caller's time: it has a call to make.
            await Task.Yield();
            opened = await PeerLink.OpenAsync(hold(key.Address), key, refused, time).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The call that is made beside it meets the same, and tells its caller.
        }

        lock (_lock)
        {
            var place = _places[key.NodeId];
            place.IsOpening = false;
            place.FailedAt = opened is null ? time.GetTimestamp() : null;
            if (opened is not null && generation == _generation)
            {
                place.Link = opened;
                return;
            }
        }

        opened?.Retire();
    }

    private sealed class Place
    {
        internal PeerLink? Link { get; set; }

        internal bool IsOpening { get; set; }

        internal long? FailedAt { get; set; }
    }
}

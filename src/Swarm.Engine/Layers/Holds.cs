using Swarm.Registry;

namespace Swarm.Engine.Layers;

/// <summary>
/// What must not be deleted now: layers that containers stand on, blobs and layers of pulls and loads in progress. Counted. Not
/// thread-safe: its store's gate guards it.
/// </summary>
internal sealed class Holds
{
    private readonly Dictionary<Digest, int> _counts = [];

    public void Add(IEnumerable<Digest> digests)
    {
        foreach (var digest in digests)
        {
            _counts[digest] = _counts.GetValueOrDefault(digest) + 1;
        }
    }

    public void Remove(IEnumerable<Digest> digests)
    {
        foreach (var digest in digests)
        {
            if (--_counts[digest] == 0)
            {
                _counts.Remove(digest);
            }
        }
    }

    public bool Has(Digest digest) => _counts.ContainsKey(digest);
}

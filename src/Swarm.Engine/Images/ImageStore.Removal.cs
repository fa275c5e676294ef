using Swarm.Engine.Layers;
using Swarm.Linux;
using Swarm.Registry;

namespace Swarm.Engine.Images;

/// <summary>What goes, and what may not go.</summary>
public sealed partial class ImageStore
{
    /// <summary>How long a blob without an image may wait for its pull to be resumed after a restart.</summary>
    private static readonly TimeSpan UnreferencedGrace = TimeSpan.FromHours(24);

    private readonly Holds _pins = new();

    /// <summary>Removes a name, or an image with its names: `docker rmi`.</summary>
    /// <exception cref="EngineException">404: no such image; 409: in use.</exception>
    /// <param name="prune">Whether nameless images that it was built upon go with it.</param>
    public IReadOnlyList<ImageDeletion> Remove(string idOrReference, bool force, bool prune, IImageUse use)
    {
        lock (_gate)
        {
            var image = Required(idOrReference);
            var removal = new ImageRemoval(_state, image, idOrReference, force, prune, new UseOrPin(this, use));
            return Apply(removal.Plan(), image.Id.ToString());
        }
    }

    /// <summary>Removes images that no container uses: those without a tag, or all.</summary>
    public (IReadOnlyList<ImageDeletion> Deleted, long Bytes) Prune(bool all, Func<Image, bool> matches, IImageUse use)
    {
        var deleted = new List<ImageDeletion>();
        var inUse = new UseOrPin(this, use);
        lock (_gate)
        {
            var before = Layers.All.Values.Sum(layer => layer.Size);
            var more = true;
            while (more)
            {
                // What stood on an image may go before it.
                more = false;
                foreach (var image in _state.Images.Values.Select(image => image.ToImage(_state, Layers)))
                {
                    var id = Digest.Parse(image.Id);
                    if (_state.Images.ContainsKey(id) && (all || image.RepoTags.IsEmpty) && !_state.HasChildren(id) && matches(image)
                        && inUse.UsersOf(image.Id).Count == 0)
                    {
                        deleted.AddRange(Apply(ImageRemoval.Whole(_state, id, inUse), image.Id));
                        more = true;
                    }
                }
            }

            return (deleted, before - Layers.All.Values.Sum(layer => layer.Size));
        }
    }

    /// <summary>Keeps an image that something is being built upon from pruning, until disposed.</summary>
    internal IDisposable Pin(string id)
    {
        var digest = Digest.Parse(id);
        lock (_gate)
        {
            _pins.Add([digest]);
        }

        return new Pinned(this, digest);
    }

    private List<ImageDeletion> Apply(RemovalPlan plan, string of)
    {
        var deletions = plan.Untagged.Select(name => new ImageDeletion(Untagged: name)).ToList();
        CommitRemoval(plan);
        foreach (var name in plan.Untagged)
        {
            Publish("untag", of, name);
        }

        var needed = plan.Deleted.Count == 0 ? [] : plan.After.Images.Values.SelectMany(other => other.Chain).ToHashSet();
        foreach (var image in plan.Deleted)
        {
            deletions.Add(new ImageDeletion(Deleted: image.Id.ToString()));
            Publish("delete", image.Id.ToString(), image.Id.ToString());
            foreach (var layer in image.Chain.Reverse().Where(layer => !needed.Contains(layer)))
            {
                if (Layers.TryDelete(layer))
                {
                    deletions.Add(new ImageDeletion(Deleted: layer.ToString()));
                }
            }

            DeleteBlobs(image.Blobs, plan.After);
        }

        return deletions;
    }

    /// <summary>
    /// The index forgets before anything goes, but for a disk that is so full that the index cannot be written: a removal must be able to make room.
    /// An image that then is named without its manifest is dropped by the next start.
    /// </summary>
    private void CommitRemoval(RemovalPlan plan)
    {
        try
        {
            Commit(plan.After);
        }
        catch (IOException e) when (LinuxError.IsNoSpace(e) && plan.Deleted.Count > 0)
        {
            foreach (var image in plan.Deleted)
            {
                DeleteBlobs(image.Blobs, plan.After);
            }

            Commit(plan.After);
        }
    }

    /// <summary>Deletes those of <paramref name="blobs"/> that no image needs and nobody holds.</summary>
    internal void DeleteUnneeded(IEnumerable<Digest> blobs)
    {
        lock (_gate)
        {
            DeleteBlobs(blobs, _state);
        }
    }

    /// <summary>Ends the hold of a pull, load or commit on its image's layers. Of one that failed nothing is kept.</summary>
    internal void ReleaseLayers(IReadOnlyCollection<Digest> chain)
    {
        Layers.Release(chain);
        lock (_gate)
        {
            var needed = _state.Images.Values.SelectMany(image => image.Chain).ToHashSet();
            foreach (var layer in chain.Where(layer => !needed.Contains(layer)))
            {
                Layers.TryDelete(layer);
            }
        }
    }

    /// <summary>As <see cref="DeleteUnneeded"/>, with what has come of those that are not whole and that no other pull waits for.</summary>
    internal void DropUnneeded(IReadOnlyCollection<Digest> blobs)
    {
        DeleteUnneeded(blobs);
        foreach (var blob in blobs)
        {
            Blobs.TryDropPartial(blob);
        }
    }

    private void DeleteBlobs(IEnumerable<Digest> blobs, ImageState state)
    {
        var needed = state.Images.Values.SelectMany(image => image.Blobs).ToHashSet();
        foreach (var blob in blobs.Where(blob => !needed.Contains(blob)))
        {
            Blobs.TryDelete(blob);
        }
    }

    private void RemoveUnreferenced()
    {
        var before = _time.GetUtcNow() - UnreferencedGrace;
        Blobs.DropPartials(before);
        var blobs = _state.Images.Values.SelectMany(image => image.Blobs).ToHashSet();
        foreach (var blob in Blobs.All().Where(blob => !blobs.Contains(blob) && Blobs.WrittenAt(blob) < before).ToList())
        {
            Blobs.TryDelete(blob);
        }

        var layers = _state.Images.Values.SelectMany(image => image.Chain).ToHashSet();
        foreach (var layer in Layers.All.Keys.Where(layer => !layers.Contains(layer)))
        {
            Layers.TryDelete(layer);
        }
    }

    /// <summary>Who uses an image: the containers, and builds in progress. Asked under the gate.</summary>
    private sealed class UseOrPin(ImageStore store, IImageUse use) : IImageUse
    {
        public IReadOnlyList<ImageUser> UsersOf(string imageId) => store._pins.Has(Digest.Parse(imageId))
            ? [new ImageUser("build in progress", Running: true, imageId)]
            : use.UsersOf(imageId);
    }

    private sealed class Pinned(ImageStore store, Digest id) : IDisposable
    {
        public void Dispose()
        {
            lock (store._gate)
            {
                store._pins.Remove([id]);
            }
        }
    }
}

using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Swarm.Engine.Archives;
using Swarm.Engine.Layers;
using Swarm.Linux;
using Swarm.Registry;

namespace Swarm.Engine.Images;

/// <summary>
/// Images of this node. The index of names (images.json) is written whole and renamed into place before it counts; blobs and layers are
/// there before the index names them, and go after it forgot them, so a crash leaves at most what the next start removes. Thread-safe:
/// readers take a snapshot, writers take turns.
/// </summary>
public sealed partial class ImageStore : IImageStore
{
    /// <summary>How long a blob without an image may wait for its pull to be resumed after a restart.</summary>
    private static readonly TimeSpan UnreferencedGrace = TimeSpan.FromHours(24);

    private readonly string _indexPath;
    private readonly TimeProvider _time;
    private readonly ILogger<ImageStore> _logger;
    private readonly Lock _gate = new();
    private readonly Holds _pins = new();
    private ImageState _state;

    private ImageStore(string root, BlobStore blobs, LayerStore layers, RegistryClient registry, TimeProvider time, ILogger<ImageStore> logger)
    {
        Directory.CreateDirectory(root);
        _indexPath = Path.Combine(root, "images.json");
        Blobs = blobs;
        Layers = layers;
        Registry = registry;
        _time = time;
        _logger = logger;
        _state = ReadIndex();
    }

    /// <summary>
    /// Reads the index, removes what no image needs and unpacks what is missing. Layers that containers stand on must be held already: the
    /// root file systems are opened first.
    /// </summary>
    /// <param name="root">Folder of images.json, made if it is missing.</param>
    internal static async Task<ImageStore> OpenAsync(
        string root, BlobStore blobs, LayerStore layers, RegistryClient registry, TimeProvider time, ILogger<ImageStore> logger)
    {
        var store = new ImageStore(root, blobs, layers, registry, time, logger);
        store.RemoveUnreferenced();
        foreach (var image in store._state.Images.Values.Where(image => image.Chain.Any(id => layers.Find(id) is null)))
        {
            await store.RepairAsync(image);
        }

        return store;
    }

    internal BlobStore Blobs { get; }

    internal LayerStore Layers { get; }

    internal RegistryClient Registry { get; }

    internal ImageState State => Volatile.Read(ref _state);

    public Image? Find(string idOrReference)
    {
        var state = State;
        return state.Find(idOrReference)?.ToImage(state, Layers);
    }

    public IReadOnlyList<Image> List()
    {
        var state = State;
        return [.. state.Images.Values.Select(image => image.ToImage(state, Layers)).OrderByDescending(image => image.Created)];
    }

    /// <summary>Bytes of all layers, those of several images counted once.</summary>
    public long LayersSize
    {
        get
        {
            var state = State;
            return state.Images.Values.SelectMany(image => image.Chain).Distinct().Sum(id => Layers.Find(id)?.Size ?? 0);
        }
    }

    /// <summary>Bytes of an image's layers that other images have too.</summary>
    public long SharedSize(string imageId)
    {
        var state = State;
        var image = state.Find(imageId);
        var others = state.Images.Values.Where(other => other.Id != image?.Id).SelectMany(other => other.Chain).ToHashSet();
        return (image?.Chain ?? []).Where(others.Contains).Sum(id => Layers.Find(id)?.Size ?? 0);
    }

    public Task<Image> PullAsync(string reference, string? registryAuth, Action<PullProgress>? progress, CancellationToken cancellation) =>
        new ImagePull(this, ImageReference.Parse(reference).WithDefaultTag(), registryAuth, progress).RunAsync(cancellation);

    /// <summary>Makes an image of another one and changes to it: `docker commit`, and each step of a build.</summary>
    /// <exception cref="EngineException">404: the image below is gone.</exception>
    public Task<Image> CommitAsync(ImageCommit commit, CancellationToken cancellation) =>
        new ImageCommitter(this, commit, _time).RunAsync(cancellation);

    /// <summary>A layer of what a container changed, for <see cref="ImageCommit.Layer"/>.</summary>
    /// <param name="upper">The upper folder of its overlay.</param>
    public static Action<Stream> UpperArchive(string upper) => output => TreeArchiver.Write(upper, output, WhiteoutForm.Overlay);

    /// <summary>Takes in the images of a `docker save` archive or an OCI layout, compressed or not.</summary>
    /// <returns>What was loaded, as Docker prints it: a reference, or an id.</returns>
    /// <exception cref="EngineException">400: not such an archive, or damaged.</exception>
    public Task<IReadOnlyList<LoadedImage>> LoadAsync(Stream archive, CancellationToken cancellation) =>
        new ImageLoader(this).LoadAsync(archive, cancellation);

    /// <summary>Looks the images up, so that a wrong name is refused before the first byte.</summary>
    /// <exception cref="EngineException">404: no such image.</exception>
    public ImageSaver Save(IEnumerable<string> names) => new(this, names);

    /// <exception cref="EngineException">404: no such image; 400: not a name.</exception>
    public void Tag(string source, ImageReference target)
    {
        lock (_gate)
        {
            var image = Required(source);
            Commit(_state with
            {
                Images = _state.Images.SetItem(image.Id, image with { Tagged = _time.GetUtcNow() }),
                References = _state.References.SetItem(target.WithDefaultTag().Canonical, image.Id),
            });
        }
    }

    /// <summary>Removes a name, or an image with its names: `docker rmi`.</summary>
    /// <exception cref="EngineException">404: no such image; 409: in use.</exception>
    /// <param name="prune">Whether nameless images that it was built upon go with it.</param>
    public IReadOnlyList<ImageDeletion> Remove(string idOrReference, bool force, bool prune, IImageUse use)
    {
        lock (_gate)
        {
            var removal = new ImageRemoval(_state, Required(idOrReference), idOrReference, force, prune, new UseOrPin(this, use));
            return Apply(removal.Plan());
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
            foreach (var image in _state.Images.Values.Select(image => image.ToImage(_state, Layers)))
            {
                var id = Digest.Parse(image.Id);
                if (_state.Images.ContainsKey(id) && (all || image.RepoTags.IsEmpty) && !_state.HasChildren(id) && matches(image)
                    && inUse.UsersOf(image.Id).Count == 0)
                {
                    deleted.AddRange(Apply(ImageRemoval.Whole(_state, id, inUse)));
                }
            }

            return (deleted, before - Layers.All.Values.Sum(layer => layer.Size));
        }
    }

    /// <summary>What each layer of an image was made by, newest first.</summary>
    /// <exception cref="EngineException">404: no such image.</exception>
    public IReadOnlyList<ImageHistory> History(string idOrReference)
    {
        var state = State;
        var image = state.Find(idOrReference) ?? throw NoSuchImage(idOrReference);
        return ImageHistory.Of(image, image.ToImage(state, Layers), Layers);
    }

    /// <summary>The raw configuration and more, for inspection.</summary>
    /// <exception cref="EngineException">404: no such image.</exception>
    public ImageDetails Inspect(string idOrReference)
    {
        var state = State;
        var image = state.Find(idOrReference) ?? throw NoSuchImage(idOrReference);
        return new ImageDetails(image.ToImage(state, Layers), image, Layers);
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

    internal static EngineException NoSuchImage(string name)
    {
        var reference = ImageReference.TryParse(name, out _)?.WithDefaultTag();
        return EngineException.NotFound($"No such image: {reference?.Familiar ?? name}");
    }

    /// <summary>Unpacks what is missing of an image's layers, lowest first. Its blobs are held by the caller.</summary>
    /// <param name="before">Awaited before the layer of that index: its blob is there when this is done.</param>
    internal async Task UnpackAsync(StoredImage image, Func<int, Task> before, Action<int> after, CancellationToken cancellation)
    {
        var diffIds = image.Document.DiffIds;
        for (var i = 0; i < diffIds.Count; i++)
        {
            await before(i);
            var blob = Digest.Parse(image.Manifest.Layers![i].Digest);
            await Layers.UnpackAsync([.. diffIds.Take(i)], diffIds[i], () => Blobs.OpenRead(blob), cancellation);
            after(i);
        }
    }

    /// <summary>Adds an image whose blobs and layers are here and held, with names that from now on are its.</summary>
    internal Image Install(StoredImage image, IEnumerable<ImageReference> names)
    {
        lock (_gate)
        {
            var known = State.Images.GetValueOrDefault(image.Id);
            Commit(new ImageState(
                _state.Images.SetItem(image.Id, image with { Tagged = known?.Tagged, Parent = image.Parent ?? known?.Parent }),
                _state.References.SetItems(names.Select(name => KeyValuePair.Create(name.Canonical, image.Id)))));
            return image.ToImage(_state, Layers);
        }
    }

    private async Task RepairAsync(StoredImage image)
    {
        Repairing(image.Id.ToString());
        try
        {
            await UnpackAsync(image, _ => Task.CompletedTask, _ => { }, CancellationToken.None);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            Unreadable(e, image.Id.ToString());
            _state = _state with { Images = _state.Images.Remove(image.Id) };
        }
    }

    private StoredImage Required(string name) => _state.Find(name) ?? throw NoSuchImage(name);

    private List<ImageDeletion> Apply(RemovalPlan plan)
    {
        var deletions = plan.Untagged.Select(name => new ImageDeletion(Untagged: name)).ToList();
        Commit(plan.After);
        var needed = plan.Deleted.Count == 0 ? [] : plan.After.Images.Values.SelectMany(other => other.Chain).ToHashSet();
        foreach (var image in plan.Deleted)
        {
            deletions.Add(new ImageDeletion(Deleted: image.Id.ToString()));
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

    /// <summary>Deletes those of <paramref name="blobs"/> that no image needs and nobody holds.</summary>
    internal void DeleteUnneeded(IEnumerable<Digest> blobs)
    {
        lock (_gate)
        {
            DeleteBlobs(blobs, _state);
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

    private void Commit(ImageState state)
    {
        var file = new IndexFile();
        file.Images.AddRange(state.Images.Values.Select(image => new IndexImage(
            image.Id.ToString(), image.ManifestDigest.ToString(), image.Tagged, image.Parent?.ToString())));
        foreach (var (name, id) in state.References)
        {
            file.References.Add(name, id.ToString());
        }

        DurableFile.Write(_indexPath, JsonSerializer.SerializeToUtf8Bytes(file, ImageJson.Default.IndexFile));
        _state = state;
    }

    private ImageState ReadIndex()
    {
        if (!File.Exists(_indexPath))
        {
            return ImageState.Empty;
        }

        var file = JsonSerializer.Deserialize(File.ReadAllBytes(_indexPath), ImageJson.Default.IndexFile)
            ?? throw new InvalidDataException($"{_indexPath} is empty");
        var images = ImmutableDictionary.CreateBuilder<Digest, StoredImage>();
        foreach (var entry in file.Images)
        {
            try
            {
                var image = StoredImage.Read(Blobs, Digest.Parse(entry.Manifest)) with
                {
                    Tagged = entry.Tagged, Parent = entry.Parent is null ? null : Digest.Parse(entry.Parent),
                };
                images.Add(image.Id, image);
            }
            catch (Exception e) when (e is InvalidDataException or FileNotFoundException)
            {
                Unreadable(e, entry.Id);
            }
        }

        return new ImageState(
            images.ToImmutable(),
            file.References.ToImmutableSortedDictionary(pair => pair.Key, pair => Digest.Parse(pair.Value), StringComparer.Ordinal));
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

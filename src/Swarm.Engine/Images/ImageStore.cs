using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Swarm.Engine.Archives;
using Swarm.Engine.Build;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Events;
using Swarm.Engine.Layers;
using Swarm.Registry;

namespace Swarm.Engine.Images;

/// <summary>
/// Images of this node. The index of names (images.json) is written whole and renamed into place before it counts; blobs and layers are
/// there before the index names them, and go after it forgot them, so a crash leaves at most what the next start removes. Thread-safe:
/// readers take a snapshot, writers take turns.
/// </summary>
public sealed partial class ImageStore : IImageStore
{
    private readonly ImageIndex _index;
    private readonly TimeProvider _time;
    private readonly ILogger<ImageStore> _logger;
    private readonly Lock _gate = new();
    private ImageState _state;

    private ImageStore(string root, BlobStore blobs, LayerStore layers, RegistryClient registry, TimeProvider time, ILogger<ImageStore> logger)
    {
        Directory.CreateDirectory(root);
        _index = new ImageIndex(Path.Combine(root, "images.json"));
        Blobs = blobs;
        Layers = layers;
        Registry = registry;
        _time = time;
        _logger = logger;
        _state = _index.Read(blobs, Unreadable);
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
        var disk = layers.Disk(root);
        if (disk.Free < RoomOnDisk.Reserve(disk.Total))
        {
            store.DiskIsFull(root, disk.Free >> 20);
        }

        store.RemoveUnreferenced();
        foreach (var image in store._state.Images.Values.Where(image => image.Chain.Any(id => layers.Find(id) is null)))
        {
            await store.RepairAsync(image);
        }

        return store;
    }

    /// <summary>Who is told what happens to images; null: nobody.</summary>
    public EventBus? Events { get; set; }

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
        PullAsync(ImageReference.Parse(reference).WithDefaultTag(), null, registryAuth, progress, cancellation);

    /// <param name="platform">Null: this machine's.</param>
    public Task<Image> PullAsync(
        ImageReference reference, ImagePlatform? platform, string? registryAuth, Action<PullProgress>? progress, CancellationToken cancellation) =>
        new ImagePull(this, reference, platform, registryAuth, progress).RunAsync(cancellation);

    /// <summary>Every tag of a repository, one after the other: `docker pull --all-tags`.</summary>
    public async Task PullAllAsync(
        ImageReference repository, ImagePlatform? platform, string? registryAuth, Action<PullProgress>? progress, CancellationToken cancellation)
    {
        var tags = await ImagePull.ListTagsAsync(Registry, repository, registryAuth, cancellation);
        foreach (var tag in tags)
        {
            await PullAsync(repository.WithTag(tag), platform, registryAuth, progress, cancellation);
        }
    }

    /// <summary>Sends an image, or all tags of a repository, to its registry: `docker push`.</summary>
    /// <exception cref="EngineException">404: no such tag; 401, 403: refused there; 500: unreachable.</exception>
    public Task PushAsync(ImageReference reference, bool allTags, string? registryAuth, Action<PushProgress>? progress, CancellationToken cancellation) =>
        new ImagePush(this, reference, allTags, registryAuth, progress).RunAsync(cancellation);

    /// <summary>No registry is asked about an image that is here.</summary>
    public bool PrefersOffline { get; set; }

    /// <summary>Asks the registry about a reference.</summary>
    /// <exception cref="EngineException">404: not there, or made here under a name of Docker Hub's, which is then not asked: a lab has no way to it.</exception>
    public Task<DistributionInspection> InspectRemoteAsync(ImageReference reference, string? registryAuth, CancellationToken cancellation)
    {
        var tagged = reference.WithDefaultTag();
        if (PrefersOffline && Find(tagged.Familiar) is not null)
        {
            throw EngineException.NotFound($"{tagged.Familiar} is an image of this node, and DOCKER_SERVICE_PREFER_OFFLINE_IMAGE is set: no registry is asked about it");
        }

        return tagged is { Host: RegistryClient.DockerHub, HasDigest: false } && Find(tagged.Familiar) is { RepoDigests.IsEmpty: true }
            ? throw EngineException.NotFound($"{tagged.Familiar} is an image of this node that came from no registry: none is asked about it")
            : DistributionInspection.GetAsync(Registry, tagged, registryAuth, _time, cancellation);
    }

    /// <summary>Checks credentials: `docker login`. Answers a token to keep instead of the password, or empty.</summary>
    /// <exception cref="EngineException">401: refused; 500: unreachable.</exception>
    public async Task<string> LogInAsync(string serverAddress, string user, string password, string identityToken, CancellationToken cancellation)
    {
        var credentials = new RegistryCredentials { User = user, Password = password, IdentityToken = identityToken };
        try
        {
            return await Registry.LogInAsync(RegistryHost.Of(serverAddress), credentials, cancellation);
        }
        catch (RegistryException e)
        {
            throw new EngineException(e.Fault switch { RegistryFault.Unauthorized or RegistryFault.Denied => 401, RegistryFault.BadName => 400, _ => 500 }, e.Message, e);
        }
    }

    /// <summary>Makes an image of another one and changes to it: `docker commit`, and each step of a build.</summary>
    /// <exception cref="EngineException">404: the image below is gone.</exception>
    public Task<Image> CommitAsync(ImageCommit commit, CancellationToken cancellation) =>
        new ImageCommitter(this, commit, _time).RunAsync(cancellation);

    /// <summary>Makes an image of the archive of a file system: `docker import`.</summary>
    /// <exception cref="EngineException">400: not an archive, damaged or hostile; a change that is none.</exception>
    public async Task<Image> ImportAsync(Stream archive, ImageImport import, CancellationToken cancellation)
    {
        if (import.Platform is { } platform && platform.Os != ImagePull.Os)
        {
            throw EngineException.BadRequest("operating system is not supported");
        }

        var config = ConfigEditor.Apply(new ContainerConfig(), import.Changes);
        try
        {
            var image = await CommitAsync(
                new ImageCommit
                {
                    Config = config,
                    Comment = import.Message,
                    Name = import.Name,
                    Architecture = import.Platform?.Architecture,
                    Layer = output =>
                    {
                        using var plain = new CancellableReads(Decompression.Open(archive), cancellation);
                        plain.CopyTo(output);
                    },
                },
                cancellation);
            Publish("import", image.Id, image.Id);
            return image;
        }
        catch (InvalidDataException e)
        {
            throw new EngineException(400, e.Message, e);
        }
    }

    /// <summary>A layer of what a container changed, for <see cref="ImageCommit.Layer"/>.</summary>
    /// <param name="upper">The upper folder of its overlay.</param>
    public Action<Stream> UpperArchive(string upper) => output => TreeArchiver.Write(upper, output, WhiteoutForm.Overlay, Layers.Ids);

    /// <summary>Takes in the images of a `docker save` archive or an OCI layout, compressed or not.</summary>
    /// <returns>What was loaded, as Docker prints it: a reference, or an id.</returns>
    /// <exception cref="EngineException">400: not such an archive, or damaged.</exception>
    /// <param name="platform">What its images must be for, 404 otherwise; null: of an index the own one, of single images any.</param>
    public Task<IReadOnlyList<LoadedImage>> LoadAsync(Stream archive, CancellationToken cancellation, ImagePlatform? platform = null) =>
        new ImageLoader(this, platform).LoadAsync(archive, cancellation);

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
            Publish("tag", image.Id.ToString(), target.WithDefaultTag().Familiar);
        }
    }

    /// <summary>What each layer of an image was made by, newest first.</summary>
    /// <exception cref="EngineException">404: no such image.</exception>
    public IReadOnlyList<ImageHistory> History(string idOrReference)
    {
        var state = State;
        var image = state.Find(idOrReference) ?? throw NoSuchImage(idOrReference);
        return ImageHistory.Of(image, state, Layers);
    }

    /// <summary>The raw configuration and more, for inspection.</summary>
    /// <exception cref="EngineException">404: no such image.</exception>
    public ImageDetails Inspect(string idOrReference)
    {
        var state = State;
        var image = state.Find(idOrReference) ?? throw NoSuchImage(idOrReference);
        return new ImageDetails(image.ToImage(state, Layers), image, Layers);
    }

    internal static EngineException NoSuchImage(string name)
    {
        var reference = ImageReference.TryParse(name, out _)?.WithDefaultTag();
        return EngineException.NotFound($"No such image: {reference?.Familiar ?? name}");
    }

    /// <summary>With the labels of the image, if it is still there.</summary>
    /// <param name="id">Or a reference.</param>
    /// <param name="name">As a user knows it.</param>
    internal void Publish(string action, string id, string name) =>
        Events?.Publish("image", action, id, (Find(id)?.Config.Labels.ToImmutableDictionary() ?? ImmutableDictionary<string, string>.Empty).SetItem("name", name));

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
            var known = _state.Images.GetValueOrDefault(image.Id);
            Layers.Spare(image.Chain);
            Commit(new ImageState(
                _state.Images.SetItem(image.Id, image with { Tagged = known?.Tagged, Parent = image.Parent ?? known?.Parent }),
                _state.References.SetItems(names.Select(name => KeyValuePair.Create(name.Canonical, image.Id)))));

            // The same image by another manifest, such as a compressed one: what only the old one named is not needed.
            if (known is not null && known.ManifestDigest != image.ManifestDigest)
            {
                DeleteBlobs(known.Blobs, _state);
            }

            return image.ToImage(_state, Layers);
        }
    }

    /// <summary>More names for an image of which everything is here; null: something is not.</summary>
    /// <param name="check">Throws what speaks against it.</param>
    internal Image? TryName(Digest id, Action<ImageConfigDocument> check, IReadOnlyList<ImageReference> names)
    {
        lock (_gate)
        {
            if (_state.Images.GetValueOrDefault(id) is not { } image || !image.Blobs.All(Blobs.Contains) || !image.Chain.All(layer => Layers.Find(layer) is not null))
            {
                return null;
            }

            check(image.Document);
            Commit(_state with { References = _state.References.SetItems(names.Select(name => KeyValuePair.Create(name.Canonical, id))) });
            return image.ToImage(_state, Layers);
        }
    }

    /// <summary>Another name for an image that is here.</summary>
    internal void AddName(Digest id, ImageReference name)
    {
        lock (_gate)
        {
            if (_state.Images.ContainsKey(id))
            {
                Commit(_state with { References = _state.References.SetItem(name.Canonical, id) });
            }
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

    private void Commit(ImageState state)
    {
        _index.Write(state);
        _state = state;
    }
}

using System.Collections.Immutable;
using Swarm.Engine.Layers;
using Swarm.Registry;

namespace Swarm.Engine.Images;

/// <summary>An image with all that is known of it.</summary>
internal sealed record StoredImage
{
    public required Digest Id { get; init; }
    public required Digest ManifestDigest { get; init; }
    public required Manifest Manifest { get; init; }
    public required ImageConfigDocument Document { get; init; }
    public required ImageConfig Config { get; init; }

    /// <summary>Lowest first.</summary>
    public required IReadOnlyList<Digest> Chain { get; init; }
    public DateTimeOffset? Tagged { get; init; }

    /// <summary>The image that it was built or committed upon here; null for what came from elsewhere.</summary>
    public Digest? Parent { get; init; }

    /// <summary>Everything in the blob store that it needs.</summary>
    public IEnumerable<Digest> Blobs => [ManifestDigest, Id, .. (Manifest.Layers ?? []).Select(layer => Digest.Parse(layer.Digest))];

    /// <summary>Reads an image's manifest and configuration.</summary>
    /// <exception cref="InvalidDataException">They do not fit together, or are damaged.</exception>
    public static StoredImage Read(BlobStore blobs, Digest manifestDigest)
    {
        var manifest = Manifest.Parse(blobs.Read(manifestDigest, Manifest.MaxSize), MediaTypes.OciManifest);
        if (manifest.IsIndex || manifest.Config is null || manifest.Layers is null)
        {
            throw new InvalidDataException($"manifest {manifestDigest} is not of an image");
        }

        var id = Digest.Parse(manifest.Config.Digest);
        var document = ImageConfigDocument.Parse(blobs.Read(id, ImageConfigDocument.MaxSize));
        var diffIds = document.DiffIds;
        return diffIds.Count == manifest.Layers.Count
            ? new StoredImage
            {
                Id = id,
                ManifestDigest = manifestDigest,
                Manifest = manifest,
                Document = document,
                Config = document.ToConfig(),
                Chain = ChainId.Of(diffIds),
            }
            : throw new InvalidDataException("layers from manifest don't match image configuration");
    }

    public Image ToImage(ImageState state, LayerStore layers)
    {
        var names = state.NamesOf(Id);
        return new Image
        {
            Id = Id.ToString(),
            RepoTags = [.. names.Where(name => name.Digest is null).Select(name => name.Familiar)],
            RepoDigests = [.. names.Where(name => name.Digest is not null).Select(name => name.Familiar)],
            Config = Config,
            Architecture = Document.Architecture ?? "",
            Os = Document.Os is { Length: > 0 } os ? os : "linux",
            Created = Document.Created,
            Parent = Parent?.ToString() ?? "",
            HasChildren = state.HasChildren(Id),
            Size = Chain.Sum(id => layers.Find(id)?.Size ?? 0),
            DiffIds = [.. Document.DiffIds.Select(id => id.ToString())],
        };
    }
}

/// <summary>All images and names, swapped atomically.</summary>
internal sealed record ImageState(ImmutableDictionary<Digest, StoredImage> Images, ImmutableSortedDictionary<string, Digest> References)
{
    public static ImageState Empty { get; } =
        new(ImmutableDictionary<Digest, StoredImage>.Empty, ImmutableSortedDictionary<string, Digest>.Empty.WithComparers(StringComparer.Ordinal));

    public IReadOnlyList<ImageReference> NamesOf(Digest id) =>
        [.. References.Where(pair => pair.Value == id).Select(pair => ImageReference.Parse(pair.Key))];

    public bool HasChildren(Digest id) => Images.Values.Any(image => image.Parent == id);

    /// <summary>By reference, then by id or a unique prefix of one.</summary>
    public StoredImage? Find(string idOrReference)
    {
        if (Digest.TryParse(idOrReference, out var digest))
        {
            return Images.GetValueOrDefault(digest);
        }

        if (ImageReference.TryParse(idOrReference, out _)?.WithDefaultTag() is { } reference && ByName(reference) is { } named)
        {
            return named;
        }

        var prefix = idOrReference.StartsWith("sha256:", StringComparison.Ordinal) ? idOrReference["sha256:".Length..] : idOrReference;
        if (prefix.Length is 0 or > 64 || prefix.AsSpan().IndexOfAnyExcept("0123456789abcdef") >= 0)
        {
            return null;
        }

        var matches = Images.Keys.Where(id => id.Hex.StartsWith(prefix, StringComparison.Ordinal)).Take(2).ToList();
        return matches is [var only] ? Images[only] : null;
    }

    private StoredImage? ByName(ImageReference reference)
    {
        // A digest says more than the tag beside it.
        var key = reference.Digest is { } digest ? reference.WithDigest(digest).Canonical : reference.Canonical;
        return References.TryGetValue(key, out var id) ? Images.GetValueOrDefault(id) : null;
    }
}

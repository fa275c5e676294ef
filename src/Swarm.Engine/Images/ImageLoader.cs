using System.Text.Json;
using Swarm.Registry;

namespace Swarm.Engine.Images;

/// <param name="Reference">As in busybox:latest; null for an image without a name.</param>
public sealed record LoadedImage(string Id, string? Reference);

/// <summary>`docker load`: archives of `docker save` (manifest.json), and OCI layouts (index.json).</summary>
internal sealed class ImageLoader(ImageStore store, ImagePlatform? wanted)
{
    private const string RefName = "org.opencontainers.image.ref.name";
    private const string ImageName = "io.containerd.image.name";

    /// <summary>manifest.json or index.json.</summary>
    private const int MaxIndexSize = 4 << 20;

    private const int MaxImages = 1000;

    public async Task<IReadOnlyList<LoadedImage>> LoadAsync(Stream archive, CancellationToken cancellation)
    {
        var contents = new ArchiveContents(store.Blobs, store.Layers.Room("an archive of images"));
        try
        {
            await Task.Run(() => contents.Read(archive, cancellation), cancellation);
            if (contents.Find("manifest.json") is { } manifest)
            {
                return await LoadSavedAsync(contents, store.Blobs.Read(manifest, MaxIndexSize), cancellation);
            }

            return contents.Find("index.json") is { } index
                ? await LoadLayoutAsync(contents, store.Blobs.Read(index, MaxIndexSize), cancellation)
                : throw new InvalidDataException("invalid archive: it has neither manifest.json nor index.json");
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or FileNotFoundException)
        {
            throw new EngineException(400, e.Message, e);
        }
        finally
        {
            contents.Dispose();
            store.DeleteUnneeded(contents.Blobs);
        }
    }

    private async Task<IReadOnlyList<LoadedImage>> LoadSavedAsync(ArchiveContents contents, byte[] manifest, CancellationToken cancellation)
    {
        var loaded = new List<LoadedImage>();
        foreach (var entry in (JsonSerializer.Deserialize(manifest, ImageJson.Default.ListArchiveImage) ?? []).Take(MaxImages))
        {
            if (entry is null || entry.Layers?.Contains(null!) == true || entry.RepoTags?.Contains(null!) == true)
            {
                throw new InvalidDataException("invalid archive: manifest.json has a null where a name belongs");
            }

            var config = contents.Required(entry.Config);
            var layers = (entry.Layers ?? []).Select(contents.Required).ToList();
            var made = contents.Add(Describe(config, layers).ToJson());
            var names = (entry.RepoTags ?? []).Select(ImageReference.Parse).ToList();
            loaded.AddRange(await InstallAsync(made, names, cancellation));
        }

        return loaded;
    }

    private async Task<IReadOnlyList<LoadedImage>> LoadLayoutAsync(ArchiveContents contents, byte[] index, CancellationToken cancellation)
    {
        var loaded = new List<LoadedImage>();
        foreach (var entry in (Manifest.Parse(index, MediaTypes.OciIndex).Manifests ?? []).Take(MaxImages))
        {
            var digest = contents.Required(BlobName(Digest.Parse(entry.Digest)));
            var manifest = Manifest.Parse(store.Blobs.Read(digest, Manifest.MaxSize), entry.MediaType);
            if (manifest.IsIndex)
            {
                var platform = wanted ?? ImagePlatform.Own;
                var chosen = manifest.For(platform.Os, platform.Architecture, platform.Variant)
                    ?? throw EngineException.NotFound($"no matching manifest for {platform} in the archive: not found");
                digest = contents.Required(BlobName(Digest.Parse(chosen.Digest)));
            }

            loaded.AddRange(await InstallAsync(digest, NamesOf(entry), cancellation));
        }

        return loaded;
    }

    private async Task<IEnumerable<LoadedImage>> InstallAsync(Digest manifest, IReadOnlyList<ImageReference> names, CancellationToken cancellation)
    {
        var image = StoredImage.Read(store.Blobs, manifest);
        if (wanted is not null && (wanted.Os != (image.Document.Os ?? ImagePull.Os) || wanted.Architecture != image.Document.Architecture))
        {
            throw EngineException.NotFound(
                $"image {image.Id} is in the archive but its platform ({image.Document.Os ?? ImagePull.Os}/{image.Document.Architecture}) does not match the specified platform ({wanted})");
        }

        store.Layers.Hold(image.Chain);
        store.Blobs.Hold(image.Blobs);
        try
        {
            await store.UnpackAsync(image, _ => Task.CompletedTask, _ => { }, cancellation);
            store.Install(image, names.Select(name => name.WithDefaultTag()));
        }
        finally
        {
            store.Blobs.Release(image.Blobs);
            store.ReleaseLayers(image.Chain);
        }

        var id = image.Id.ToString();
        store.Publish("load", id, id);
        return names.Count == 0 ? [new LoadedImage(id, null)] : names.Select(name => new LoadedImage(id, name.WithDefaultTag().Familiar));
    }

    /// <summary>The OCI manifest that a `docker save` archive of before Docker 25 lacks.</summary>
    private Manifest Describe(Digest config, List<Digest> layers) => new()
    {
        SchemaVersion = 2,
        MediaType = MediaTypes.OciManifest,
        Config = new Descriptor { MediaType = MediaTypes.OciConfig, Digest = config.ToString(), Size = store.Blobs.SizeOf(config) },
        Layers = layers.ConvertAll(layer => new Descriptor { MediaType = TypeOf(layer), Digest = layer.ToString(), Size = store.Blobs.SizeOf(layer) }),
    };

    private string TypeOf(Digest layer)
    {
        Span<byte> start = stackalloc byte[4];
        using var file = store.Blobs.OpenRead(layer);
        start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        return Archives.Decompression.KindOf(start) switch
        {
            Archives.CompressionKind.Gzip => MediaTypes.OciLayerGzip,
            Archives.CompressionKind.Zstd => MediaTypes.OciLayerZstd,
            _ => MediaTypes.OciLayer,
        };
    }

    /// <summary>containerd writes the whole name; skopeo and others often only a tag, which names nothing by itself.</summary>
    private static List<ImageReference> NamesOf(Descriptor entry)
    {
        var annotations = entry.Annotations ?? [];
        var text = annotations.GetValueOrDefault(ImageName)
            ?? (annotations.GetValueOrDefault(RefName) is { } name && name.AsSpan().ContainsAny("/:") ? name : null);
        return text is not null && ImageReference.TryParse(text, out _) is { } reference ? [reference] : [];
    }

    internal static string BlobName(Digest digest) => $"blobs/sha256/{digest.Hex}";
}

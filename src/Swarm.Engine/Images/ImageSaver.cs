using System.Text;
using System.Text.Json;
using Swarm.Engine.Archives;
using Swarm.Registry;

namespace Swarm.Engine.Images;

/// <summary>`docker save`: an OCI layout that also has Docker's manifest.json, so that either kind of reader takes it.</summary>
public sealed class ImageSaver
{
    private const int ChunkSize = 256 * 1024;

    private readonly ImageStore _store;
    private readonly Dictionary<Digest, (StoredImage Image, List<ImageReference> Names)> _images = [];

    internal ImageSaver(ImageStore store, IEnumerable<string> names)
    {
        _store = store;
        var state = store.State;
        foreach (var name in names)
        {
            var image = state.Find(name) ?? throw ImageStore.NoSuchImage(name);
            if (!_images.TryGetValue(image.Id, out var entry))
            {
                entry = (image, []);
                _images.Add(image.Id, entry);
            }

            // An id saves the image without a name.
            if (ImageReference.TryParse(name, out _)?.WithDefaultTag() is { Digest: null } reference
                && state.References.TryGetValue(reference.Canonical, out var id) && id == image.Id && !entry.Names.Contains(reference))
            {
                entry.Names.Add(reference);
            }
        }
    }

    /// <summary>Writes the archive; what it writes is kept from deletion meanwhile.</summary>
    public void WriteTo(Stream output, CancellationToken cancellation)
    {
        // As Docker, which reads no times; a configuration shows when its image was made.
        var created = _images.Values.ToDictionary(entry => entry.Image.Id, entry => new TarTime(entry.Image.Document.Created?.ToUnixTimeSeconds() ?? 0));
        var blobs = _images.Values.SelectMany(entry => entry.Image.Blobs).Distinct().ToList();
        _store.Blobs.Hold(blobs);
        try
        {
            var writer = new TarWriter(output);
            WriteFolder(writer, "blobs");
            WriteFolder(writer, "blobs/sha256");
            foreach (var blob in blobs)
            {
                WriteBlob(writer, blob, created.GetValueOrDefault(blob), cancellation);
            }

            WriteFile(writer, "index.json", Index().ToJson());
            WriteFile(writer, "manifest.json", JsonSerializer.SerializeToUtf8Bytes(Entries(), ImageJson.Default.ListArchiveImage));
            WriteFile(writer, "oci-layout", JsonSerializer.SerializeToUtf8Bytes(new LayoutMarker("1.0.0"), ImageJson.Default.LayoutMarker));
            writer.Finish();
        }
        finally
        {
            _store.Blobs.Release(blobs);
        }
    }

    private Manifest Index() => new()
    {
        SchemaVersion = 2,
        MediaType = MediaTypes.OciIndex,
        Manifests = [.. _images.Values.SelectMany(entry => entry.Names is [] ? [Describe(entry.Image, null)] : entry.Names.Select(name => Describe(entry.Image, name)))],
    };

    private Descriptor Describe(StoredImage image, ImageReference? name) => new()
    {
        MediaType = image.Manifest.MediaType,
        Digest = image.ManifestDigest.ToString(),
        Size = _store.Blobs.SizeOf(image.ManifestDigest),
        Annotations = name is null ? null : new Dictionary<string, string>
        {
            ["io.containerd.image.name"] = name.Canonical,
            ["org.opencontainers.image.ref.name"] = name.Tag!,
        },
    };

    private List<ArchiveImage> Entries() => [.. _images.Values.Select(entry => new ArchiveImage
    {
        Config = ImageLoader.BlobName(entry.Image.Id),
        RepoTags = [.. entry.Names.Select(name => name.Familiar)],
        Layers = [.. entry.Image.Manifest.Layers!.Select(layer => ImageLoader.BlobName(Digest.Parse(layer.Digest)))],
    })];

    private void WriteBlob(TarWriter writer, Digest blob, TarTime modified, CancellationToken cancellation)
    {
        using var file = _store.Blobs.OpenRead(blob);
        writer.Write(Entry(ImageLoader.BlobName(blob)) with { Size = file.Length, Modified = modified });
        var chunk = new byte[ChunkSize];
        for (int length; (length = file.Read(chunk)) > 0;)
        {
            cancellation.ThrowIfCancellationRequested();
            writer.WriteContent(chunk.AsSpan(0, length));
        }
    }

    private static void WriteFolder(TarWriter writer, string name) =>
        writer.Write(Entry(name) with { Type = TarEntryType.Directory, Mode = 0x1ED });

    private static void WriteFile(TarWriter writer, string name, byte[] content) => writer.Write(Entry(name), content);

    private static TarEntry Entry(string name) => new() { Type = TarEntryType.File, Name = Encoding.ASCII.GetBytes(name), Mode = 0x1A4 };
}

using System.IO.Compression;
using System.Text;
using Swarm.Engine.Layers;
using Swarm.Registry;

namespace Swarm.Engine.Images;

/// <summary>One step of a push; <see cref="Tag"/> is set when a tag is done.</summary>
public sealed record PushProgress(string Status, string Id = "", long Current = 0, long Total = 0, PushedTag? Tag = null);

/// <param name="Size">Bytes of the manifest.</param>
public sealed record PushedTag(string Tag, string Digest, int Size);

/// <summary>
/// One push: each layer that the registry lacks is mounted from another repository of it or uploaded, then the configuration, then the manifest.
/// Layers that are kept plain are compressed on the way, always to the same bytes.
/// </summary>
internal sealed class ImagePush(ImageStore store, ImageReference reference, bool allTags, string? auth, Action<PushProgress>? progress)
{
    private const int ShortId = 12;
    private const int MinReportBytes = 256 * 1024;
    private const int ReportsPerLayer = 100;
    private const long MaxLayerSize = 256L << 30;

    private readonly Lock _reporting = new();
    private readonly List<Digest> _held = [];

    /// <exception cref="EngineException">With Docker's status and text.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        Report(new PushProgress($"The push refers to repository [{reference.Name}]"));
        var tags = Tags();
        try
        {
            foreach (var (name, image) in tags)
            {
                await PushAsync(name, image, cancellation);
            }
        }
        catch (RegistryException e)
        {
            throw Explain(e);
        }
        finally
        {
            store.Blobs.Release(_held);
            store.DeleteUnneeded(_held);
        }
    }

    private List<(ImageReference Name, StoredImage Image)> Tags()
    {
        var state = store.State;
        var names = state.References.Keys.Select(ImageReference.Parse).Where(name => name.Name == reference.Name && name.Tag is not null).ToList();
        if (names.Count == 0)
        {
            throw EngineException.NotFound($"An image does not exist locally with the tag: {reference.FamiliarName}");
        }

        if (!allTags)
        {
            var wanted = reference.WithDefaultTag();
            names = names.Where(name => name.Canonical == wanted.Canonical).ToList();
            if (names.Count == 0)
            {
                throw EngineException.NotFound($"tag does not exist: {wanted.Familiar}");
            }
        }

        return names.ConvertAll(name => (name, state.Images[state.References[name.Canonical]]));
    }

    private async Task PushAsync(ImageReference name, StoredImage image, CancellationToken cancellation)
    {
        store.Blobs.Hold(image.Blobs);
        try
        {
            var others = Others(image);
            var repository = store.Registry.Writable(name.Host, name.Path, RegistryAuth.Parse(auth), others);
            await repository.PingAsync(cancellation);
            var layers = image.Manifest.Layers!;
            var diffIds = image.Document.DiffIds;
            foreach (var diffId in diffIds)
            {
                Report(new PushProgress("Preparing", diffId.Hex[..ShortId]));
            }

            // A layer that occurs twice is sent once.
            var work = new Dictionary<Digest, Task<Descriptor>>();
            using var slots = new SemaphoreSlim(store.Registry.Options.ConcurrentUploads);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            for (var i = 0; i < layers.Count; i++)
            {
                var (layer, diffId) = (layers[i], diffIds[i]);
                work.TryAdd(diffId, LayerAsync(repository, layer, diffId, others, slots, stop));
            }

            await AllAsync(work.Values, stop);
            List<Descriptor> sent = [.. await Task.WhenAll(diffIds.Select(diffId => work[diffId]))];
            if (!await repository.HasBlobAsync(image.Id, cancellation))
            {
                await repository.UploadBlobAsync(image.Id, [], () => store.Blobs.OpenRead(image.Id), null, cancellation);
            }

            await FinishAsync(repository, name, image, sent, cancellation);
        }
        finally
        {
            store.Blobs.Release(image.Blobs);
        }
    }

    /// <summary>The first failure ends the others, and is the one that is told.</summary>
    private static async Task AllAsync(IReadOnlyCollection<Task<Descriptor>> work, CancellationTokenSource stop)
    {
        try
        {
            await foreach (var done in Task.WhenEach(work))
            {
                await done;
            }
        }
        finally
        {
            await stop.CancelAsync();
            foreach (var task in work)
            {
                await ((Task)task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task FinishAsync(RegistryRepository repository, ImageReference name, StoredImage image, List<Descriptor> layers, CancellationToken cancellation)
    {
        // What came from a registry goes back as it came, so that its digest stays.
        var unchanged = layers.Select(layer => layer.Digest).SequenceEqual(image.Manifest.Layers!.Select(layer => layer.Digest));
        var type = image.Manifest.MediaType.Length > 0 ? image.Manifest.MediaType : MediaTypes.OciManifest;
        var content = unchanged
            ? store.Blobs.Read(image.ManifestDigest, Manifest.MaxSize)
            : (image.Manifest with { MediaType = type, Layers = layers }).ToJson();
        await repository.PutManifestAsync(name.Tag!, content, type, cancellation);
        var digest = Digest.Of(content);
        store.AddName(image.Id, name.WithDigest(digest));
        store.Publish("push", name.Familiar, name.FamiliarName);
        Report(new PushProgress($"{name.Tag}: digest: {digest} size: {content.Length}", Tag: new PushedTag(name.Tag!, digest.ToString(), content.Length)));
    }

    private async Task<Descriptor> LayerAsync(
        RegistryRepository repository, Descriptor layer, Digest diffId, IReadOnlyList<string> others, SemaphoreSlim slots, CancellationTokenSource stop)
    {
        var id = diffId.Hex[..ShortId];
        await Task.Yield();
        if (!slots.Wait(0, CancellationToken.None))
        {
            Report(new PushProgress("Waiting", id));
            await slots.WaitAsync(stop.Token);
        }

        try
        {
            var sent = await CompressedAsync(layer, diffId, stop.Token);
            var digest = Digest.Parse(sent.Digest);
            if (await repository.HasBlobAsync(digest, stop.Token))
            {
                Report(new PushProgress("Layer already exists", id));
                return sent;
            }

            var next = 0L;
            var from = await repository.UploadBlobAsync(
                digest,
                others,
                () => store.Blobs.OpenRead(digest),
                bytes =>
                {
                    if (bytes >= next)
                    {
                        next = bytes + Math.Max(sent.Size / ReportsPerLayer, MinReportBytes);
                        Report(new PushProgress("Pushing", id, bytes, sent.Size));
                    }
                },
                stop.Token);
            Report(new PushProgress(from is null ? "Pushed" : $"Mounted from {from}", id));
            return sent;
        }
        finally
        {
            slots.Release();
        }
    }

    /// <summary>The layer as registries keep it: gzip or zstd.</summary>
    private async Task<Descriptor> CompressedAsync(Descriptor layer, Digest diffId, CancellationToken cancellation)
    {
        if (Digest.Parse(layer.Digest) != diffId)
        {
            return layer;
        }

        var digest = await Task.Run(() => Compress(diffId, cancellation), cancellation);
        return new Descriptor { MediaType = MediaTypes.OciLayerGzip, Digest = digest.ToString(), Size = store.Blobs.SizeOf(digest) };
    }

    private Digest Compress(Digest diffId, CancellationToken cancellation)
    {
        using var ingest = store.Blobs.Begin(MaxLayerSize);
        using (var target = new IngestStream(ingest, cancellation))
        using (var gzip = new GZipStream(target, CompressionLevel.Optimal))
        using (var plain = store.Blobs.OpenRead(diffId))
        {
            plain.CopyTo(gzip);
        }

        return ingest.Commit(digest =>
        {
            store.Blobs.Hold([digest]);
            lock (_held)
            {
                _held.Add(digest);
            }
        });
    }

    /// <summary>Repositories of the same registry that were pulled from or pushed to, and share a layer.</summary>
    private List<string> Others(StoredImage image)
    {
        const int most = 4;
        var state = store.State;
        var layers = image.Document.DiffIds.ToHashSet();
        return
        [
            .. state.References
                .Select(pair => (Name: ImageReference.Parse(pair.Key), Image: state.Images.GetValueOrDefault(pair.Value)))
                .Where(pair => pair.Name.HasDigest && pair.Name.Host == reference.Host && pair.Name.Path != reference.Path
                    && pair.Image is not null && pair.Image.Document.DiffIds.Any(layers.Contains))
                .Select(pair => pair.Name.Path).Distinct().Take(most),
        ];
    }

    private void Report(PushProgress step)
    {
        lock (_reporting)
        {
            progress?.Invoke(step);
        }
    }

    private static EngineException Explain(RegistryException e) => e.Fault switch
    {
        RegistryFault.Denied => new EngineException(403, $"{e.Message}", e),
        RegistryFault.Unauthorized => new EngineException(401, e.Message, e),
        _ => new EngineException(500, e.Message, e),
    };
}

using System.Text.Json;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Layers;
using Swarm.Registry;

namespace Swarm.Engine.Images;

/// <summary>Makes one image out of an <see cref="ImageCommit"/>. Nothing names it before all of it is durable.</summary>
internal sealed class ImageCommitter(ImageStore store, ImageCommit commit, TimeProvider time)
{
    private const long MaxLayerSize = 256L << 30;

    private readonly List<Digest> _blobs = [];

    /// <exception cref="EngineException">404: the image below is gone.</exception>
    public async Task<Image> RunAsync(CancellationToken cancellation)
    {
        var whole = false;
        IReadOnlyList<Digest> below = [];
        try
        {
            var parent = string.IsNullOrEmpty(commit.ParentId) ? null : Held(commit.ParentId);
            below = parent?.Chain ?? [];
            store.Layers.Hold(below);
            var image = await RunAsync(parent, cancellation);
            whole = true;
            return image;
        }
        finally
        {
            store.Blobs.Release(_blobs);
            store.Layers.Release(below);
            if (!whole)
            {
                store.DeleteUnneeded(_blobs);
            }
        }
    }

    /// <summary>The configuration that images keep of a container's.</summary>
    public static ContainerConfig Kept(ContainerConfig config) => new()
    {
        User = config.User ?? "",
        ExposedPorts = config.ExposedPorts is { Count: > 0 } ? config.ExposedPorts : null,
        Env = config.Env ?? [],
        Cmd = config.Cmd,
        Healthcheck = config.Healthcheck,
        ArgsEscaped = config.ArgsEscaped,
        Volumes = config.Volumes is { Count: > 0 } ? config.Volumes : null,
        WorkingDir = config.WorkingDir ?? "",
        Entrypoint = config.Entrypoint,
        OnBuild = config.OnBuild is { Count: > 0 } ? config.OnBuild : null,
        Labels = config.Labels is { Count: > 0 } ? config.Labels : null,
        StopSignal = string.IsNullOrEmpty(config.StopSignal) ? null : config.StopSignal,
        StopTimeout = config.StopTimeout,
        Shell = config.Shell is { Count: > 0 } ? config.Shell : null,
    };

    public static JsonElement ToElement(ContainerConfig config) =>
        JsonSerializer.SerializeToElement(Kept(config), ImageWriteJson.Default.ContainerConfig);

    private async Task<Image> RunAsync(StoredImage? parent, CancellationToken cancellation)
    {
        var layer = commit.Layer is null ? null : await Task.Run(() => Ingest(commit.Layer, cancellation), cancellation);
        var layers = (parent?.Manifest.Layers ?? []).ToList();
        var diffIds = (parent?.Document.DiffIds ?? []).ToList();
        if (layer is { } diffId)
        {
            layers.Add(new Descriptor { MediaType = MediaTypes.OciLayer, Digest = diffId.ToString(), Size = store.Blobs.SizeOf(diffId) });
            diffIds.Add(diffId);
            if (diffIds.Count > Manifest.MaxLayers)
            {
                throw EngineException.BadRequest($"max depth exceeded: an image may have at most {Manifest.MaxLayers} layers");
            }
        }

        var config = Keep(store.Blobs.Write(Document(parent, diffIds, layer is null).ToJson()));
        var manifest = Keep(store.Blobs.Write(new Manifest
        {
            SchemaVersion = 2,
            MediaType = MediaTypes.OciManifest,
            Config = new Descriptor { MediaType = MediaTypes.OciConfig, Digest = config.ToString(), Size = store.Blobs.SizeOf(config) },
            Layers = layers,
        }.ToJson()));
        var image = StoredImage.Read(store.Blobs, manifest) with { Parent = parent?.Id };
        store.Layers.Hold(image.Chain);
        try
        {
            await store.UnpackAsync(image, _ => Task.CompletedTask, _ => { }, cancellation);
            return store.Install(image, commit.Name is null ? [] : [commit.Name.WithDefaultTag()]);
        }
        finally
        {
            store.ReleaseLayers(image.Chain);
        }
    }

    /// <summary>The image below with its blobs held: looked at again once they are, for it may have been removed or come anew in between.</summary>
    private StoredImage Held(string id)
    {
        while (true)
        {
            var image = store.State.Find(id) ?? throw ImageStore.NoSuchImage(id);
            foreach (var blob in image.Blobs)
            {
                Keep(blob);
            }

            if (store.State.Images.GetValueOrDefault(image.Id)?.ManifestDigest == image.ManifestDigest)
            {
                return image;
            }
        }
    }

    private ImageConfigDocument Document(StoredImage? parent, List<Digest> diffIds, bool empty)
    {
        var now = time.GetUtcNow();
        return new ImageConfigDocument
        {
            Architecture = commit.Architecture ?? parent?.Document.Architecture ?? ImagePull.Architecture,
            Variant = commit.Architecture is null ? parent?.Document.Variant : null,
            Os = ImagePull.Os,
            Created = now,
            Author = NullIfEmpty(commit.Author) ?? parent?.Document.Author,
            Comment = NullIfEmpty(commit.Comment),
            Config = ToElement(commit.Config),
            RootFs = new RootFsSection { Type = "layers", DiffIds = diffIds.ConvertAll(id => id.ToString()) },
            History =
            [
                .. parent?.Document.History ?? [],
                new HistorySection
                {
                    Created = now,
                    CreatedBy = commit.CreatedBy,
                    Author = NullIfEmpty(commit.Author),
                    Comment = NullIfEmpty(commit.Comment),
                    EmptyLayer = empty,
                },
            ],
        };
    }

    /// <summary>The layer's digest, or null if nothing is in it.</summary>
    private Digest? Ingest(Action<Stream> write, CancellationToken cancellation)
    {
        using var ingest = store.Blobs.Begin(MaxLayerSize);
        using var stream = new IngestStream(ingest, cancellation);
        write(stream);
        return stream.IsEmptyArchive ? null : ingest.Commit(digest => Keep(digest));
    }

    private Digest Keep(Digest blob)
    {
        store.Blobs.Hold([blob]);
        _blobs.Add(blob);
        return blob;
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}

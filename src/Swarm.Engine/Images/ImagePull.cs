using System.Runtime.InteropServices;
using Swarm.Linux;
using Swarm.Registry;

namespace Swarm.Engine.Images;

/// <summary>
/// One pull: layers are downloaded side by side and unpacked in order as they come. Everything it needs is held from deletion until the index
/// names the image.
/// </summary>
internal sealed class ImagePull(
    ImageStore store, ImageReference reference, ImagePlatform? wanted, string? auth, Action<PullProgress>? progress)
{
    private const int ShortId = 12;
    private const int ReportsPerLayer = 100;
    private const int MinReportBytes = 256 * 1024;
    public const string Os = "linux";

    public static string Architecture { get; } = RuntimeInformation.OSArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
        var other => other.ToString().ToLowerInvariant(),
    };

    private readonly Lock _reporting = new();
    private readonly ImagePlatform _platform = wanted ?? ImagePlatform.Own;

    /// <exception cref="EngineException">With Docker's status and text.</exception>
    public async Task<Image> RunAsync(CancellationToken cancellation)
    {
        try
        {
            var (repository, top) = await FindAsync(cancellation);
            return await RunAsync(repository, top, cancellation);
        }
        catch (RegistryException e)
        {
            throw Explain(e, reference, auth);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new EngineException(500, DiskFull.Text(e), e);
        }
    }

    public static async Task<IReadOnlyList<string>> ListTagsAsync(
        RegistryClient registry, ImageReference repository, string? auth, CancellationToken cancellation)
    {
        try
        {
            var remote = registry.Repository(repository.Host, repository.Path, RegistryAuth.Parse(auth));
            await remote.PingAsync(cancellation);
            var tags = await remote.ListTagsAsync(cancellation);
            return tags.Count > 0 ? tags : throw EngineException.NotFound($"repository {repository.FamiliarName} not found: it has no tags");
        }
        catch (RegistryException e)
        {
            throw Explain(e, repository, auth);
        }
    }

    /// <summary>A mirror that has it, else the registry itself, whose refusal is the one that counts.</summary>
    private async Task<(RegistryRepository Repository, FetchedManifest Top)> FindAsync(CancellationToken cancellation)
    {
        var asked = reference.Digest?.ToString() ?? reference.Tag!;
        var sources = store.Registry.Sources(reference.Host, reference.Path, RegistryAuth.Parse(auth)).ToList();
        foreach (var mirror in sources.SkipLast(1))
        {
            try
            {
                await mirror.PingAsync(cancellation);
                return (mirror, await mirror.GetManifestAsync(asked, cancellation));
            }
            catch (RegistryException e)
            {
                store.MirrorFailed(e, reference.Familiar);
            }
        }

        var registry = sources[^1];
        await registry.PingAsync(cancellation);
        return (registry, await registry.GetManifestAsync(asked, cancellation));
    }

    private async Task<Image> RunAsync(RegistryRepository repository, FetchedManifest top, CancellationToken cancellation)
    {
        var asked = reference.Digest?.ToString() ?? reference.Tag!;
        Report(new PullProgress($"Pulling from {(reference.Host == RegistryClient.DockerHub ? reference.Path : reference.FamiliarName)}", asked));
        var fetched = top;
        if (top.Manifest.IsIndex)
        {
            var entry = top.Manifest.For(_platform.Os, _platform.Architecture, _platform.Variant)
                ?? throw EngineException.NotFound($"no matching manifest for {_platform} in the manifest list entries");
            fetched = await repository.GetManifestAsync(entry.Digest, cancellation);
        }

        if (fetched.Manifest is not { Config: { } config, Layers: { } layers })
        {
            throw new InvalidDataException("invalid manifest: an index within an index");
        }

        List<ImageReference> names = reference.Digest is null ? [reference, reference.WithDigest(top.Digest)] : [reference.WithDigest(top.Digest)];
        List<Digest> blobs = [fetched.Digest, Digest.Parse(config.Digest), .. layers.Select(layer => Digest.Parse(layer.Digest))];
        var isUpToDate = store.State.References.TryGetValue(names[0].Canonical, out var before) && before == blobs[1];
        var isOfUse = true;
        store.Blobs.Hold(blobs);
        try
        {
            if (store.TryName(blobs[1], CheckPlatform, names) is { } here)
            {
                return Done(here, top.Digest, isUpToDate);
            }

            store.Blobs.Write(fetched.Content);
            if (config.Size is < 0 or > ImageConfigDocument.MaxSize)
            {
                throw new InvalidDataException($"image configuration of {config.Size} bytes, {ImageConfigDocument.MaxSize} are allowed");
            }

            await DownloadAsync(repository, config, null, cancellation);
            var stored = StoredImage.Read(store.Blobs, fetched.Digest);
            CheckPlatform(stored.Document);
            return Done(await UnpackAsync(repository, stored, names, cancellation), top.Digest, isUpToDate);
        }
        catch (Exception e) when (e is InvalidDataException or RegistryException { Fault: RegistryFault.Invalid } || LinuxError.IsNoSpace(e))
        {
            isOfUse = false;
            throw;
        }
        finally
        {
            store.Blobs.Release(blobs);
            if (!isOfUse)
            {
                // What an interrupted pull has got is of use to the next; what belongs to a lie is not, nor what a disk has no room for.
                store.DropUnneeded(blobs);
            }
        }
    }

    private Image Done(Image image, Digest top, bool isUpToDate)
    {
        Report(new PullProgress($"Digest: {top}"));
        Report(new PullProgress($"Status: {(isUpToDate ? "Image is up to date" : "Downloaded newer image")} for {reference.Familiar}"));
        store.Publish("pull", reference.Familiar, reference.FamiliarName);
        return image;
    }

    /// <summary>Only who asked for a platform is refused another.</summary>
    private void CheckPlatform(ImageConfigDocument document)
    {
        if (wanted is not null && document.Architecture is { Length: > 0 } architecture
            && (architecture != wanted.Architecture || (document.Os ?? Os) != wanted.Os))
        {
            throw EngineException.NotFound(
                $"image with reference {reference.Familiar} was found but its platform ({document.Os ?? Os}/{architecture}) does not match the specified platform ({wanted})");
        }
    }

    private async Task<Image> UnpackAsync(RegistryRepository repository, StoredImage image, IReadOnlyList<ImageReference> names, CancellationToken cancellation)
    {
        var layers = image.Manifest.Layers!;
        store.Layers.Hold(image.Chain);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var isHere = layers.Select((layer, i) => store.Layers.Find(image.Chain[i]) is not null && store.Blobs.Contains(Digest.Parse(layer.Digest))).ToList();
        var downloads = new List<Task>();
        try
        {
            for (var i = 0; i < layers.Count; i++)
            {
                downloads.Add(LayerAsync(repository, layers[i], isHere[i], stop.Token));
            }

            await store.UnpackAsync(
                image,
                async i =>
                {
                    await downloads[i];
                    if (store.Layers.Find(image.Chain[i]) is null)
                    {
                        Report(new PullProgress("Extracting", Short(layers[i]), layers[i].Size, layers[i].Size));
                    }
                },
                i =>
                {
                    if (!isHere[i])
                    {
                        Report(new PullProgress("Pull complete", Short(layers[i])));
                    }
                },
                cancellation);
            return store.Install(image, names);
        }
        finally
        {
            await stop.CancelAsync();
            foreach (var download in downloads)
            {
                // The first failure was thrown above; the others only have to be over before the holds go.
                await download.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            store.ReleaseLayers(image.Chain);
        }
    }

    private async Task LayerAsync(RegistryRepository repository, Descriptor layer, bool isHere, CancellationToken cancellation)
    {
        if (isHere)
        {
            Report(new PullProgress("Already exists", Short(layer)));
            return;
        }

        Report(new PullProgress("Pulling fs layer", Short(layer)));
        var next = 0L;
        await DownloadAsync(
            repository,
            layer,
            bytes =>
            {
                if (bytes >= next)
                {
                    next = bytes + Math.Max(layer.Size / ReportsPerLayer, MinReportBytes);
                    Report(new PullProgress("Downloading", Short(layer), bytes, layer.Size));
                }
            },
            cancellation);
        Report(new PullProgress("Download complete", Short(layer)));
    }

    private Task DownloadAsync(RegistryRepository repository, Descriptor blob, Action<long>? report, CancellationToken cancellation)
    {
        var digest = Digest.Parse(blob.Digest);
        return store.Blobs.Contains(digest)
            ? Task.CompletedTask
            : store.Registry.Downloads.RunAsync(
                digest,
                async (bytes, stop) =>
                {
                    if (!store.Blobs.Contains(digest))
                    {
                        store.Layers.Room("a download").Take(blob.Size);
                        await repository.DownloadBlobAsync(blob, store.Blobs.PartialPath(digest), bytes, stop);
                        store.Blobs.CommitPartial(digest);
                    }
                },
                report,
                cancellation);
    }

    private void Report(PullProgress step)
    {
        // Layers report from their own threads; who listens gets one at a time.
        lock (_reporting)
        {
            progress?.Invoke(step);
        }
    }

    private static EngineException Explain(RegistryException e, ImageReference reference, string? auth) => e.Fault switch
    {
        RegistryFault.Denied => EngineException.NotFound(
            $"pull access denied for {reference.FamiliarName}, repository does not exist or may require 'docker login': {e.Message}"),

        // Docker Hub says UNAUTHORIZED to an anonymous user who asks for what does not exist.
        RegistryFault.Unauthorized when auth is null or "" && e.Message.StartsWith("unauthorized", StringComparison.Ordinal) => EngineException.NotFound(
            $"pull access denied for {reference.FamiliarName}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied"),
        RegistryFault.ManifestUnknown => EngineException.NotFound($"manifest for {reference.Familiar} not found: {e.Message}"),
        RegistryFault.NameUnknown => EngineException.NotFound($"repository {reference.FamiliarName} not found: {e.Message}"),
        RegistryFault.Unauthorized => new EngineException(500, $"Head \"{reference.Host}/v2/{reference.Path}/manifests/{reference.Tag}\": {e.Message}", e),
        _ => new EngineException(500, e.Message, e),
    };

    private static string Short(Descriptor blob) => Digest.Parse(blob.Digest).Hex[..ShortId];
}

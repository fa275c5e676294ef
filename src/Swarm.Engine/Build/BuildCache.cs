using System.Text.Json;
using Swarm.Engine.Archives;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Images;
using Swarm.Registry;

namespace Swarm.Engine.Build;

/// <summary>
/// Finds the image that a step would make, among those that were made here upon the same image, or in the histories of named images. A step is
/// told by its history line, which holds the digest of what it copies, and by the configuration that it leaves.
/// </summary>
internal sealed class BuildCache
{
    private readonly ImageStore _images;
    private readonly bool _local;
    private readonly IReadOnlyList<StoredImage> _sources;

    public BuildCache(ImageStore images, BuildOptions options)
    {
        _images = images;
        _local = !options.NoCache && options.CacheFrom.Count == 0;

        // One that is not here is no source; the build goes on without it, as Docker's.
        _sources = options.NoCache ? [] : [.. options.CacheFrom.Select(name => images.State.Find(name)).OfType<StoredImage>()];
    }

    /// <summary>Null: it must be made.</summary>
    /// <param name="parent">Null: nothing is below.</param>
    public async Task<Image?> FindAsync(string? parent, string createdBy, ContainerConfig config, CancellationToken cancellation)
    {
        var state = _images.State;
        var below = parent is null ? null : state.Find(parent);
        var wanted = ImageCommitter.ToElement(config);
        var candidates = state.Images.Values.Where(image => image.Parent == below?.Id && image.Parent is not null == (below is not null)
            && image.Document.History is [.., { } last] && last.CreatedBy == createdBy && IsSame(image.Document.Config, wanted));
        if (!_local)
        {
            candidates = candidates.Where(image => _sources.Any(source => IsOrDescends(state, source, image.Id)));
        }

        // An image from elsewhere that merely has no base is not the first step of ours.
        var found = candidates.Where(image => below is not null || image.Document.History!.Count == 1).MaxBy(image => image.Document.Created);
        return found is not null ? found.ToImage(state, _images.Layers) : await FromHistoryAsync(below, createdBy, config, wanted, cancellation);
    }

    /// <summary>A source that was not built here: its history says what its first layers are.</summary>
    private async Task<Image?> FromHistoryAsync(
        StoredImage? below, string createdBy, ContainerConfig config, JsonElement wanted, CancellationToken cancellation)
    {
        var depth = below?.Document.History?.Count ?? 0;
        foreach (var source in _sources)
        {
            if (source.Document.History is not { } history || history.Count <= depth || history[depth].CreatedBy != createdBy || !BeginsWith(source, below))
            {
                continue;
            }

            if (history.Count == depth + 1)
            {
                if (IsSame(source.Document.Config, wanted))
                {
                    return _images.Install(source with { Parent = below?.Id }, []);
                }

                continue;
            }

            var at = below?.Chain.Count ?? 0;
            if (!history[depth].EmptyLayer && at >= source.Chain.Count)
            {
                continue;
            }

            return await _images.CommitAsync(
                new ImageCommit
                {
                    ParentId = below?.Id.ToString(),
                    Config = config,
                    CreatedBy = createdBy,
                    Layer = history[depth].EmptyLayer ? null : output => Copy(Digest.Parse(source.Manifest.Layers![at].Digest), output),
                },
                cancellation);
        }

        return null;
    }

    private void Copy(Digest blob, Stream output)
    {
        using var plain = Decompression.Open(_images.Blobs.OpenRead(blob));
        plain.CopyTo(output);
    }

    private static bool BeginsWith(StoredImage source, StoredImage? below) => below is null
        || (source.Chain.Count >= below.Chain.Count && source.Chain.Take(below.Chain.Count).SequenceEqual(below.Chain)
            && (below.Document.History ?? []).Select(step => step.CreatedBy).SequenceEqual(
                source.Document.History!.Take(below.Document.History?.Count ?? 0).Select(step => step.CreatedBy)));

    private static bool IsOrDescends(ImageState state, StoredImage source, Digest id)
    {
        for (var image = source; image is not null; image = image.Parent is { } up ? state.Images.GetValueOrDefault(up) : null)
        {
            if (image.Id == id)
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsSame(JsonElement left, JsonElement right) =>
        left.ValueKind == JsonValueKind.Object && JsonElement.DeepEquals(left, right);
}

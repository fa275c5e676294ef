using Swarm.Engine.Layers;

namespace Swarm.Engine.Images;

/// <summary>One step of an image's making.</summary>
/// <param name="Id">The image's for the newest step; below it those that this node built, and nothing known of the others.</param>
public sealed record ImageHistory(string Id, DateTimeOffset? Created, string CreatedBy, string Comment, long Size, IReadOnlyList<string> Tags)
{
    private const string Missing = "<missing>";

    internal static IReadOnlyList<ImageHistory> Of(StoredImage stored, ImageState state, LayerStore layers)
    {
        var steps = new List<ImageHistory>();
        var layer = 0;
        foreach (var step in (stored.Document.History ?? []).OfType<HistorySection>())
        {
            var size = step.EmptyLayer || layer >= stored.Chain.Count ? 0 : layers.Find(stored.Chain[layer++])?.Size ?? 0;
            steps.Add(new ImageHistory(Missing, step.Created, step.CreatedBy ?? "", step.Comment ?? "", size, []));
        }

        // The newest step is the image itself; each image below that was built here is the step at which it ended.
        for (var image = stored; image is not null && steps.Count > 0; image = image.Parent is { } below ? state.Images.GetValueOrDefault(below) : null)
        {
            var at = image == stored ? steps.Count - 1 : (image.Document.History?.Count ?? 0) - 1;
            if (at < 0 || at >= steps.Count)
            {
                break;
            }

            steps[at] = steps[at] with { Id = image.Id.ToString(), Tags = [.. state.NamesOf(image.Id).Where(name => name.Digest is null).Select(name => name.Familiar)] };
        }

        steps.Reverse();
        return steps;
    }
}

/// <summary>What `docker image inspect` shows beyond <see cref="Image"/>.</summary>
public sealed class ImageDetails
{
    internal ImageDetails(Image image, StoredImage stored, LayerStore layers)
    {
        Image = image;
        RawConfig = stored.Document.Config;
        Author = stored.Document.Author ?? "";
        Comment = stored.Document.Comment ?? "";
        DockerVersion = stored.Document.DockerVersion ?? "";
        Variant = stored.Document.Variant;
        Tagged = stored.Tagged;
        LayerPaths = [.. stored.Chain.Reverse().Select(id => layers.Find(id)?.Path ?? "")];
    }

    public Image Image { get; }

    /// <summary>The configuration's `config` as the image has it; may be undefined.</summary>
    public System.Text.Json.JsonElement RawConfig { get; }
    public string Author { get; }
    public string Comment { get; }
    public string DockerVersion { get; }
    public string? Variant { get; }
    public DateTimeOffset? Tagged { get; }

    /// <summary>Unpacked layers, highest first.</summary>
    public IReadOnlyList<string> LayerPaths { get; }
}

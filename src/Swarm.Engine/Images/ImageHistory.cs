using Swarm.Engine.Layers;

namespace Swarm.Engine.Images;

/// <summary>One step of an image's making.</summary>
/// <param name="Id">The image's for the newest step; the others have none of their own.</param>
public sealed record ImageHistory(string Id, DateTimeOffset? Created, string CreatedBy, string Comment, long Size, IReadOnlyList<string> Tags)
{
    private const string Missing = "<missing>";

    internal static IReadOnlyList<ImageHistory> Of(StoredImage stored, Image image, LayerStore layers)
    {
        var steps = new List<ImageHistory>();
        var layer = 0;
        foreach (var step in (stored.Document.History ?? []).OfType<HistorySection>())
        {
            var size = step.EmptyLayer || layer >= stored.Chain.Count ? 0 : layers.Find(stored.Chain[layer++])?.Size ?? 0;
            steps.Add(new ImageHistory(Missing, step.Created, step.CreatedBy ?? "", step.Comment ?? "", size, []));
        }

        steps.Reverse();
        if (steps is [var newest, ..])
        {
            steps[0] = newest with { Id = image.Id, Tags = image.RepoTags };
        }

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

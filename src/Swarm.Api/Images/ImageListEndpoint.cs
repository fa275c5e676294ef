using Microsoft.AspNetCore.Http;
using Swarm.Api.Http;
using Swarm.Engine.Images;

namespace Swarm.Api.Images;

internal static class ImageListEndpoint
{
    public static Task ListAsync(HttpContext context, ImageStore images)
    {
        var filters = Filters.Read(context, "reference", "dangling", "label", "before", "since");
        var before = Newest(filters["before"], images);
        var since = Newest(filters["since"], images);
        var patterns = filters["reference"].Select(ReferencePattern.Parse).ToList();
        var dangling = filters.Bool("dangling");
        var answer = new List<ImageSummary>();
        foreach (var image in images.List())
        {
            var tags = image.RepoTags.Where(tag => patterns.Count == 0 || patterns.Exists(pattern => pattern.Matches(tag))).ToList();
            if ((patterns.Count > 0 && tags.Count == 0)
                || (dangling is { } wanted && wanted != image.RepoTags.IsEmpty)
                || !filters.Labels("label", image.Config.Labels)
                || (before is not null && !(image.Created < before))
                || (since is not null && !(image.Created > since)))
            {
                continue;
            }

            answer.Add(new ImageSummary
            {
                Id = image.Id,
                RepoTags = tags,
                RepoDigests = image.RepoDigests,
                Created = image.Created?.ToUnixTimeSeconds() ?? 0,
                Size = image.Size,
                Labels = image.Config.Labels,
            });
        }

        return context.WriteJsonAsync(answer, ImageWireJson.Default.ListImageSummary);
    }

    public static Task PruneAsync(HttpContext context, ImageStore images, IImageUse use)
    {
        var filters = Filters.Read(context, "dangling", "label");
        var all = filters.Bool("dangling") == false;
        var (deleted, bytes) = images.Prune(all, image => filters.Labels("label", image.Config.Labels), use);
        return context.WriteJsonAsync(
            new PruneAnswer(deleted.Count == 0 ? null : ImageDeleteItem.Of(deleted), bytes), ImageWireJson.Default.PruneAnswer);
    }

    private static DateTimeOffset? Newest(IReadOnlyCollection<string> names, ImageStore images) =>
        names.Count == 0 ? null : names.Max(name => images.Inspect(name).Image.Created ?? DateTimeOffset.UnixEpoch);
}

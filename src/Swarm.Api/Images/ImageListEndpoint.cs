using Microsoft.AspNetCore.Http;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Images;

namespace Swarm.Api.Images;

internal static class ImageListEndpoint
{
    private static readonly ApiVersion WithContainers = new(1, 51);

    public static Task ListAsync(HttpContext context, ImageStore images, IImageUse use, TimeProvider time)
    {
        var counts = context.ApiVersion() >= WithContainers;
        var filters = Filters.Read(context, "reference", "dangling", "label", "before", "since", "until");
        var all = context.QueryBool("all");
        var shared = context.QueryBool("shared-size");
        var until = filters["until"].Count == 0 ? (DateTimeOffset?)null : filters["until"].Min(text => TimeFilter.Parse(text, time.GetUtcNow()));
        var before = Newest(filters["before"], images);
        var since = Newest(filters["since"], images);
        var patterns = filters["reference"].Select(ReferencePattern.Parse).ToList();
        var dangling = filters.Bool("dangling");
        var answer = new List<ImageSummary>();
        foreach (var image in images.List())
        {
            if (!all && image.IsBuildStep)
            {
                continue;
            }

            var tags = image.RepoTags.Where(tag => patterns.Count == 0 || patterns.Exists(pattern => pattern.Matches(tag))).ToList();
            if ((patterns.Count > 0 && tags.Count == 0)
                || (dangling is { } wanted && wanted != image.RepoTags.IsEmpty)
                || !filters.Labels("label", image.Config.Labels)
                || (before is not null && !(image.Created < before))
                || (since is not null && !(image.Created > since))
                || (until is not null && !(image.Created < until)))
            {
                continue;
            }

            answer.Add(new ImageSummary
            {
                Id = image.Id,
                ParentId = image.Parent,
                SharedSize = shared ? images.SharedSize(image.Id) : -1,
                RepoTags = tags,
                RepoDigests = image.RepoDigests,
                Created = image.Created?.ToUnixTimeSeconds() ?? 0,
                Size = image.Size,
                Labels = image.Config.Labels,
                Containers = counts ? use.UsersOf(image.Id).Count : -1,
            });
        }

        return context.WriteJsonAsync(answer, ImageWireJson.Default.ListImageSummary);
    }

    public static Task PruneAsync(HttpContext context, ImageStore images, IImageUse use, TimeProvider time)
    {
        var filters = Filters.Read(context, "dangling", "label", "label!", "until");
        var until = Until(filters, time);
        var all = filters.Bool("dangling") == false;
        var (deleted, bytes) = images.Prune(all, Matches, use);
        return context.WriteJsonAsync(
            new PruneAnswer(deleted.Count == 0 ? null : ImageDeleteItem.Of(deleted), bytes), ImageWireJson.Default.PruneAnswer);

        bool Matches(Image image) => filters.Labels("label", image.Config.Labels)
            && filters["label!"].All(label => !Filters.HasLabels([label], image.Config.Labels)) && (until is null || image.Created < until);
    }

    private static DateTimeOffset? Until(Filters filters, TimeProvider time) => filters["until"] switch
    {
        { Count: 0 } => null,
        { Count: 1 } only => TimeFilter.Parse(only.First(), time.GetUtcNow()),
        _ => throw EngineException.BadRequest("more than one until filter specified"),
    };

    private static DateTimeOffset? Newest(IReadOnlyCollection<string> names, ImageStore images) =>
        names.Count == 0 ? null : names.Max(name => images.Inspect(name).Image.Created ?? DateTimeOffset.UnixEpoch);
}

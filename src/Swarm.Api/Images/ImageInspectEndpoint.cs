using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Images;

namespace Swarm.Api.Images;

internal static class ImageInspectEndpoint
{
    public static Task InspectAsync(HttpContext context, ImageStore images, string name)
    {
        var details = images.Inspect(name);
        if (context.QueryBool("manifests") && context.QueryString("platform").Length > 0 && context.ApiVersion() >= new ApiVersion(1, 49))
        {
            throw EngineException.BadRequest("conflicting options: manifests and platform options cannot both be set");
        }

        WantedPlatform.Check(context, new ApiVersion(1, 49), images, name);
        var image = details.Image;
        var data = new Dictionary<string, string>();
        if (details.LayerPaths is [var top, ..])
        {
            data["UpperDir"] = top;
            var lower = details.LayerPaths.Skip(1).ToList();
            if (lower is not [])
            {
                data["LowerDir"] = string.Join(':', lower);
            }
        }

        var answer = new ImageInspect
        {
            Id = image.Id,
            RepoTags = image.RepoTags,
            RepoDigests = image.RepoDigests,
            Parent = image.Parent,
            Comment = details.Comment,
            Created = image.Created,
            DockerVersion = details.DockerVersion,
            Author = details.Author,
            Config = details.RawConfig.ValueKind == JsonValueKind.Object ? ImageConfigWriter.Write(details.RawConfig, context.ApiVersion()) : null,
            Architecture = image.Architecture,
            Variant = details.Variant,
            Os = image.Os,
            Size = image.Size,
            GraphDriver = new GraphDriver("overlay2", data),
            RootFs = new RootFs("layers", image.DiffIds),
            Metadata = new ImageMetadata(details.Tagged),
        };
        return context.WriteJsonAsync(answer, ImageWireJson.Default.ImageInspect);
    }

    public static Task HistoryAsync(HttpContext context, ImageStore images, string name)
    {
        WantedPlatform.Check(context, new ApiVersion(1, 48), images, name);
        var answer = images.History(name).Select(step => new HistoryItem(
            step.Id, step.Created?.ToUnixTimeSeconds() ?? 0, step.CreatedBy, step.Tags is [] ? null : step.Tags, step.Size, step.Comment));
        return context.WriteJsonAsync([.. answer], ImageWireJson.Default.ListHistoryItem);
    }
}

using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Api.Images;
using Swarm.Engine;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Images;
using Swarm.Engine.Volumes;

namespace Swarm.Api.Daemon;

/// <summary>GET /system/df: what images, containers and volumes take on disk.</summary>
public static class DiskUsageEndpoint
{
    private static readonly string[] Types = ["container", "image", "volume", "build-cache"];

    public static void Map(IEndpointRouteBuilder routes, ContainerEngine engine, ImageStore images) =>
        routes.MapGet("/system/df", context => AnswerAsync(context, engine, images));

    private static async Task AnswerAsync(HttpContext context, ContainerEngine engine, ImageStore images)
    {
        var types = context.QueryStrings("type");
        if (types.FirstOrDefault(t => !Types.Contains(t)) is { } unknown)
        {
            throw EngineException.BadRequest($"unknown object type: {unknown}");
        }

        // Trees are walked, which takes its time: not on the thread that serves.
        var usage = await Task.Run(() => Measure(engine, images, type => types.Count == 0 || types.Contains(type)), context.RequestAborted).ConfigureAwait(false);
        await context.WriteJsonAsync(usage, DiskUsageJson.Default.DiskUsage).ConfigureAwait(false);
    }

    private static DiskUsage Measure(ContainerEngine engine, ImageStore images, Func<string, bool> wants)
    {
        var all = images.List().Where(image => !image.IsBuildStep);
        var users = engine.Containers.GroupBy(c => c.Record.ImageId).ToDictionary(g => g.Key, g => (long)g.Count());
        return new DiskUsage
        {
            LayersSize = wants("image") ? images.LayersSize : 0,
            Images = !wants("image") ? null : [.. all.Select(image => new ImageSummary
            {
                Id = image.Id,
                ParentId = image.Parent,
                RepoTags = image.RepoTags,
                RepoDigests = image.RepoDigests,
                Created = image.Created?.ToUnixTimeSeconds() ?? 0,
                Size = image.Size,
                SharedSize = images.SharedSize(image.Id),
                Labels = image.Config.Labels,
                Containers = users.GetValueOrDefault(image.Id),
            })],
            Containers = !wants("container") ? null : engine.Summaries(_ => true, int.MaxValue, size: true),
            Volumes = !wants("volume") ? null : [.. engine.Volumes.All.Select(engine.MeasureVolume)],
            BuildCache = !wants("build-cache") ? null : [],
        };
    }
}

internal sealed record DiskUsage
{
    /// <summary>Bytes of all layers, each counted once.</summary>
    public long LayersSize { get; init; }
    public IReadOnlyList<ImageSummary>? Images { get; init; }
    public IReadOnlyList<ContainerSummary>? Containers { get; init; }
    public IReadOnlyList<VolumeView>? Volumes { get; init; }
    public IReadOnlyList<string>? BuildCache { get; init; }
}

[JsonSerializable(typeof(DiskUsage))]
internal sealed partial class DiskUsageJson : JsonSerializerContext;

using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Images;

namespace Swarm.Api.Containers;

/// <summary>POST /commit: an image of a container.</summary>
public static class CommitEndpoint
{
    public static void Map(IEndpointRouteBuilder routes, ContainerEngine engine, ImageStore images) =>
        routes.MapPost("/commit", context => CommitAsync(context, engine, images));

    private static async Task CommitAsync(HttpContext context, ContainerEngine engine, ImageStore images)
    {
        var body = await context.ReadJsonAsync(EngineJson.Default.ContainerConfig).ConfigureAwait(false);
        var container = engine.Get(context.QueryString("container"));
        var record = container.Record;
        var config = CommitConfig.Of(record.Config, body?.Filled(), context.QueryStrings("changes"));
        var comment = context.QueryString("comment");
        var name = Name(context.QueryString("repo"), context.QueryString("tag"));

        // The client does not get an image of half a second of changes: what runs is frozen, unless it says otherwise.
        using var root = await engine.HoldRootAsync(container).ConfigureAwait(false);
        await using var frozen = await engine.FreezeAsync(container, context.QueryBool("pause", fallback: true), context.RequestAborted).ConfigureAwait(false);
        var image = await ContainerEngine.ReadingAsync(container, context.QueryString("container"), () => images.CommitAsync(
            new ImageCommit
            {
                ParentId = record.ImageId,
                Layer = images.UpperArchive(engine.Folders(container).Upper),
                Config = config,
                CreatedBy = string.Join(' ', record.Command),
                Author = context.QueryString("author"),
                Comment = comment,
                Name = name,
            },
            context.RequestAborted)).ConfigureAwait(false);
        engine.Publish(container, "commit", ("comment", comment), ("imageID", image.Id), ("imageRef", name?.Familiar ?? ""));
        await context.WriteJsonAsync(new Committed(image.Id), CommitJson.Default.Committed, StatusCodes.Status201Created).ConfigureAwait(false);
    }

    private static ImageReference? Name(string repository, string tag)
    {
        if (repository.Length == 0)
        {
            return null;
        }

        return ImageReference.TryParse(tag.Length > 0 ? $"{repository}:{tag}" : repository, out var error)
            ?? throw EngineException.BadRequest(error is { Length: > 0 } ? error : "invalid reference format");
    }
}

internal sealed record Committed(string Id);

[JsonSerializable(typeof(Committed))]
internal sealed partial class CommitJson : JsonSerializerContext;

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
        var config = CommitChanges.Apply(Overlay(record.Config, body?.Filled()), context.QueryStrings("changes"));
        var comment = context.QueryString("comment");
        var name = Name(context.QueryString("repo"), context.QueryString("tag"));

        // The client does not get an image of half a second of changes: what runs is frozen, unless it says otherwise.
        using var root = await engine.HoldRootAsync(container).ConfigureAwait(false);
        await using var frozen = await engine.FreezeAsync(container, context.QueryBool("pause", fallback: true), context.RequestAborted).ConfigureAwait(false);
        var image = await images.CommitAsync(
            new ImageCommit
            {
                ParentId = record.ImageId,
                Layer = ImageStore.UpperArchive(engine.Folders(container).Upper),
                Config = config,
                CreatedBy = string.Join(' ', record.Command),
                Author = context.QueryString("author"),
                Comment = comment,
                Name = name,
            },
            context.RequestAborted).ConfigureAwait(false);
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

    /// <summary>What the request names takes the place of the container's own.</summary>
    private static ContainerConfig Overlay(ContainerConfig own, ContainerConfig? given) => given is null ? own : own with
    {
        User = string.IsNullOrEmpty(given.User) ? own.User : given.User,
        Cmd = given.Cmd is { Count: > 0 } ? given.Cmd : own.Cmd,
        Entrypoint = given.Entrypoint is { Count: > 0 } ? given.Entrypoint : own.Entrypoint,
        Env = Engine.Runtime.SpecWriter.Overlay(own.Env ?? [], given.Env ?? []),
        WorkingDir = string.IsNullOrEmpty(given.WorkingDir) ? own.WorkingDir : given.WorkingDir,
        ExposedPorts = given.ExposedPorts is { Count: > 0 } ? given.ExposedPorts : own.ExposedPorts,
        Volumes = given.Volumes is { Count: > 0 } ? given.Volumes : own.Volumes,
        Labels = given.Labels is { Count: > 0 } ? new((own.Labels ?? []).Where(l => !given.Labels.ContainsKey(l.Key)).Concat(given.Labels)) : own.Labels,
        Healthcheck = given.Healthcheck ?? own.Healthcheck,
        OnBuild = given.OnBuild is { Count: > 0 } ? given.OnBuild : own.OnBuild,
        StopSignal = string.IsNullOrEmpty(given.StopSignal) ? own.StopSignal : given.StopSignal,
        Shell = given.Shell is { Count: > 0 } ? given.Shell : own.Shell,
    };
}

internal sealed record Committed(string Id);

[JsonSerializable(typeof(Committed))]
internal sealed partial class CommitJson : JsonSerializerContext;

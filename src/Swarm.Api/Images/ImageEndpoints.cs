using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Images;

namespace Swarm.Api.Images;

/// <summary>
/// /images and /distribution. Names contain slashes and ports (`localhost:5000/a/b:tag`), so everything below /images that is not a fixed path
/// is one catch-all, of which the last segment says what is wanted.
/// </summary>
public static class ImageEndpoints
{
    /// <param name="use">Who refuses the deletion of images: the containers.</param>
    /// <param name="http">Downloads what `docker import URL` names.</param>
    public static void Map(IEndpointRouteBuilder routes, ImageStore images, IImageUse use, HttpClient http, TimeProvider time)
    {
        routes.MapGet("/images/json", context => ImageListEndpoint.ListAsync(context, images, use, time));
        routes.MapGet("/images/search", _ => throw EngineException.NotImplemented(
            "searching Docker Hub is not built: look at https://hub.docker.com, or list a registry's repositories by its own API"));
        routes.MapPost("/auth", context => RegistryEndpoints.LogInAsync(context, images));
        routes.MapGet("/images/get", context => ImageArchiveEndpoints.SaveAsync(context, images, context.QueryStrings("names")));
        routes.MapPost("/images/load", context => ImageArchiveEndpoints.LoadAsync(context, images));
        routes.MapPost("/images/create", context => ImageCreateEndpoint.CreateAsync(context, images, http));
        routes.MapPost("/images/prune", context => ImageListEndpoint.PruneAsync(context, images, use, time));
        routes.MapGet("/images/{**path}", context => Split(context) switch
        {
            (var name, "json") => ImageInspectEndpoint.InspectAsync(context, images, name),
            (var name, "history") => ImageInspectEndpoint.HistoryAsync(context, images, name),
            (var name, "get") => ImageArchiveEndpoints.SaveAsync(context, images, [name]),
            _ => throw EngineException.NotFound("page not found"),
        });
        routes.MapPost("/images/{**path}", context => Split(context) switch
        {
            (var name, "tag") => TagAsync(context, images, name),
            (var name, "push") => ImagePushEndpoint.PushAsync(context, images, name),
            _ => throw EngineException.NotFound("page not found"),
        });
        routes.MapDelete("/images/{**path}", context => RemoveAsync(context, images, use));
        routes.MapGet("/distribution/{**path}", context => Split(context) is (var name, "json")
            ? RegistryEndpoints.InspectAsync(context, images, name)
            : throw EngineException.NotFound("page not found"));
    }

    private static Task TagAsync(HttpContext context, ImageStore images, string name)
    {
        var target = ImageReference.Parse(context.QueryString("repo"));
        if (target.HasDigest)
        {
            throw EngineException.BadRequest("refusing to create a tag with a digest reference");
        }

        if (target.FamiliarName == "sha256")
        {
            throw EngineException.BadRequest("refusing to create an ambiguous tag using digest algorithm as name");
        }

        var tag = context.QueryString("tag");
        images.Tag(name, tag.Length > 0 ? target.WithTag(tag) : target);
        return context.AnswerEmptyAsync(StatusCodes.Status201Created);
    }

    private static Task RemoveAsync(HttpContext context, ImageStore images, IImageUse use)
    {
        var name = Path(context).Trim();
        if (name.Length == 0)
        {
            throw EngineException.BadRequest("image name cannot be blank");
        }

        var deleted = images.Remove(name, context.QueryBool("force"), !context.QueryBool("noprune"), use);
        return context.WriteJsonAsync(ImageDeleteItem.Of(deleted), ImageWireJson.Default.ListImageDeleteItem);
    }

    private static (string Name, string Verb) Split(HttpContext context)
    {
        var path = Path(context);
        var slash = path.LastIndexOf('/');
        return slash > 0 ? (path[..slash], path[(slash + 1)..]) : ("", "");
    }

    /// <summary>Kestrel leaves %2F as it came; some clients write names so.</summary>
    private static string Path(HttpContext context) => context.RouteString("path").Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
}

using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Containers;
using Swarm.Engine.Files;

namespace Swarm.Api.Containers;

/// <summary>`docker cp` both ways, `docker diff` and `docker export`.</summary>
internal static class ContainerFileEndpoints
{
    private const string StatHeader = "X-Docker-Container-Path-Stat", Archive = "application/x-tar";

    public static void Map(IEndpointRouteBuilder routes, ContainerEngine engine)
    {
        routes.MapMethods("/containers/{id}/archive", ["HEAD"], context => StatAsync(context, engine));
        routes.MapGet("/containers/{id}/archive", context => ReadAsync(context, engine));
        routes.MapPut("/containers/{id}/archive", context => WriteAsync(context, engine));
        routes.MapGet("/containers/{id}/export", context => ExportAsync(context, engine));
        routes.MapGet("/containers/{id}/changes", context => ChangesAsync(context, engine));
    }

    private static async Task StatAsync(HttpContext context, ContainerEngine engine)
    {
        using var files = await OpenAsync(context, engine).ConfigureAwait(false);
        SetStat(context, files);
    }

    private static async Task ReadAsync(HttpContext context, ContainerEngine engine)
    {
        using var files = await OpenAsync(context, engine).ConfigureAwait(false);
        SetStat(context, files);
        context.Response.ContentType = Archive;
        await context.WriteBlockingAsync(output => files.WriteArchive(context.QueryString("path"), output)).ConfigureAwait(false);
        engine.Publish(Container(context, engine), "archive-path");
    }

    private static async Task WriteAsync(HttpContext context, ContainerEngine engine)
    {
        var keepKinds = context.QueryBool("noOverwriteDirNonDir");
        var asUser = context.QueryBool("copyUIDGID");
        using var files = await OpenAsync(context, engine).ConfigureAwait(false);
        await context.ReadBlockingAsync(body => files.Extract(context.QueryString("path"), body, keepKinds, asUser)).ConfigureAwait(false);
        engine.Publish(Container(context, engine), "extract-to-dir");
        await context.AnswerEmptyAsync(StatusCodes.Status200OK).ConfigureAwait(false);
    }

    private static async Task ExportAsync(HttpContext context, ContainerEngine engine)
    {
        var container = Container(context, engine);
        using var root = await engine.HoldRootAsync(container).ConfigureAwait(false);
        context.Response.ContentType = "application/octet-stream";
        await ContainerEngine.ReadingAsync(container, context.RouteString("id"), () => context.WriteBlockingAsync(output => engine.Export(container, root, output))).ConfigureAwait(false);
    }

    private static async Task ChangesAsync(HttpContext context, ContainerEngine engine)
    {
        var changes = await engine.ChangesAsync(Container(context, engine), context.RouteString("id")).ConfigureAwait(false);

        // Docker's list of nothing is null.
        await context.WriteJsonAsync(changes.Count > 0 ? changes : null!, EngineJson.Default.IReadOnlyListFileSystemChange).ConfigureAwait(false);
    }

    private static Task<ContainerFiles> OpenAsync(HttpContext context, ContainerEngine engine)
    {
        var container = Container(context, engine);
        ContainerFiles.CheckPath(context.QueryString("path"));
        return engine.OpenFilesAsync(container, context.RouteString("id"));
    }

    private static void SetStat(HttpContext context, ContainerFiles files) => context.Response.Headers[StatHeader] =
        Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(files.Stat(context.QueryString("path")), EngineJson.Default.PathStat));

    private static Container Container(HttpContext context, ContainerEngine engine) => ContainerEndpoints.Named(context, engine);
}

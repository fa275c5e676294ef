using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Images;

namespace Swarm.Api.Images;

/// <summary>`docker save` and `docker load`.</summary>
internal static class ImageArchiveEndpoints
{
    public static async Task SaveAsync(HttpContext context, ImageStore images, IReadOnlyList<string> names)
    {
        if (names.Count == 0)
        {
            throw EngineException.BadRequest("no image is named: give one or more names");
        }

        foreach (var name in names)
        {
            WantedPlatform.Check(context, new ApiVersion(1, 48), images, name);
        }

        var saver = images.Save(names);
        context.Response.ContentType = "application/x-tar";
        AllowBlocking(context);
        await Task.Run(() => saver.WriteTo(context.Response.Body, context.RequestAborted), context.RequestAborted);
    }

    /// <summary>What is wrong with the archive is said where the progress would be, as Docker does.</summary>
    public static async Task LoadAsync(HttpContext context, ImageStore images)
    {
        var platform = WantedPlatform.Of(context, new ApiVersion(1, 48));
        AllowBlocking(context);
        IEnumerable<ProgressLine> said;
        try
        {
            var loaded = await images.LoadAsync(context.Request.Body, context.RequestAborted, platform);
            said = loaded.Select(image => new ProgressLine { Stream = image.Reference is { } name ? $"Loaded image: {name}\n" : $"Loaded image ID: {image.Id}\n" });
        }
        catch (EngineException e)
        {
            said = [ProgressLine.Failure(e.Message)];
        }

        var lines = await JsonLines.StartAsync(context);
        foreach (var line in said)
        {
            await lines.WriteAsync(line, ImageWireJson.Default.ProgressLine);
        }
    }

    /// <summary>Archives are read and written by blocking code, on a thread of their own.</summary>
    private static void AllowBlocking(HttpContext context) =>
        context.Features.GetRequiredFeature<IHttpBodyControlFeature>().AllowSynchronousIO = true;
}

using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Images;

namespace Swarm.Api.Images;

/// <summary>`docker pull` and `docker import`.</summary>
internal static class ImageCreateEndpoint
{
    public static Task CreateAsync(HttpContext context, ImageStore images, HttpClient http) =>
        context.QueryString("fromImage").Length > 0 ? PullAsync(context, images)
        : context.QueryString("fromSrc").Length > 0 ? ImportAsync(context, images, http)
        : throw EngineException.BadRequest("invalid reference format");

    private static Task PullAsync(HttpContext context, ImageStore images)
    {
        var platform = context.QueryString("platform") is { Length: > 0 } text ? ImagePlatform.Parse(text) : null;
        var (reference, all) = Reference(context);
        var auth = context.Request.Headers["X-Registry-Auth"].ToString() is { Length: > 0 } header ? header : null;
        return ProgressStream.RunAsync(context, (report, cancellation) => all
            ? images.PullAllAsync(reference, platform, auth, step => report(ProgressLine.Of(step)), cancellation)
            : images.PullAsync(reference, platform, auth, step => report(ProgressLine.Of(step)), cancellation));
    }

    private static async Task ImportAsync(HttpContext context, ImageStore images, HttpClient http)
    {
        var source = context.QueryString("fromSrc");
        var name = context.QueryString("repo") is { Length: > 0 } repo ? ImageReference.Parse(repo) : null;
        if (name?.HasDigest == true)
        {
            throw EngineException.BadRequest("cannot import digest reference");
        }

        if (name is not null && context.QueryString("tag") is { Length: > 0 } tag)
        {
            name = name.WithTag(tag);
        }

        var platform = context.QueryString("platform") is { Length: > 0 } text ? ImagePlatform.Parse(text) : null;
        var import = new ImageImport
        {
            Name = name,
            Message = context.QueryString("message") is { Length: > 0 } message ? message : "Imported from " + source,
            Changes = context.QueryStrings("changes"),
            Platform = platform,
        };
        if (source != "-")
        {
            await ProgressStream.RunAsync(context, async (report, cancellation) =>
            {
                var url = ImageSource.Url(source);
                report(new ProgressLine { Status = $"Downloading from {url}" });
                await using var archive = await ImageSource.OpenAsync(http, url, cancellation);
                report(new ProgressLine { Status = (await images.ImportAsync(archive, import, cancellation)).Id });
            });
            return;
        }

        context.Features.GetRequiredFeature<IHttpBodyControlFeature>().AllowSynchronousIO = true;
        var image = await images.ImportAsync(context.Request.Body, import, context.RequestAborted);
        var lines = await JsonLines.StartAsync(context);
        await lines.WriteAsync(new ProgressLine { Status = image.Id }, ImageWireJson.Default.ProgressLine);
    }

    private static (ImageReference Reference, bool All) Reference(HttpContext context)
    {
        var (name, tag) = (ImageReference.Parse(context.QueryString("fromImage")), context.QueryString("tag"));
        if (tag.StartsWith("sha256:", StringComparison.Ordinal))
        {
            return (ImageReference.Parse($"{name.Name}@{tag}"), false);
        }

        if (tag.Length > 0)
        {
            return (name.HasDigest ? name : name.WithTag(tag), false);
        }

        return (name, name.Tag is null && !name.HasDigest);
    }
}

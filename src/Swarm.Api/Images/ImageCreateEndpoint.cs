using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Images;

namespace Swarm.Api.Images;

/// <summary>`docker pull`.</summary>
internal static class ImageCreateEndpoint
{
    /// <summary>Progress lines that wait for a slow client; older ones are dropped first, the outcome is never among them.</summary>
    private const int MaxWaitingLines = 1024;

    public static async Task CreateAsync(HttpContext context, ImageStore images)
    {
        if (context.QueryString("fromSrc").Length > 0)
        {
            throw EngineException.NotImplemented("importing a file system as an image is not built yet: load an archive of docker save");
        }

        var reference = Reference(context);
        var steps = Channel.CreateBounded<PullProgress>(new BoundedChannelOptions(MaxWaitingLines) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        var pull = PullAsync(context, images, reference, steps.Writer);

        // A refusal before the first step is an HTTP status; after it, a line of the stream.
        JsonLines? lines = null;
        try
        {
            await foreach (var step in steps.Reader.ReadAllAsync(context.RequestAborted))
            {
                lines ??= await JsonLines.StartAsync(context);
                await lines.WriteAsync(ProgressLine.Of(step), ImageWireJson.Default.ProgressLine);
            }
        }
        finally
        {
            await pull.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        try
        {
            await pull;
        }
        catch (EngineException e) when (lines is not null)
        {
            await lines.WriteAsync(ProgressLine.Failure(e.Message), ImageWireJson.Default.ProgressLine);
        }
    }

    private static async Task PullAsync(HttpContext context, ImageStore images, string reference, ChannelWriter<PullProgress> steps)
    {
        try
        {
            var auth = context.Request.Headers["X-Registry-Auth"].ToString();
            await images.PullAsync(reference, auth.Length > 0 ? auth : null, step => steps.TryWrite(step), context.RequestAborted);
        }
        finally
        {
            steps.Complete();
        }
    }

    private static string Reference(HttpContext context)
    {
        if (context.QueryString("platform") is { Length: > 0 } platform && platform.Split('/')[0] != "linux")
        {
            throw EngineException.NotImplemented($"pulling for the platform {platform} is not built: this engine runs images of its own machine's platform");
        }

        var (name, tag) = (ImageReference.Parse(context.QueryString("fromImage")), context.QueryString("tag"));
        if (tag.StartsWith("sha256:", StringComparison.Ordinal))
        {
            return $"{name.Name}@{tag}";
        }

        if (tag.Length > 0)
        {
            return name.HasDigest ? name.Canonical : name.WithTag(tag).Canonical;
        }

        return name.Tag is not null || name.HasDigest
            ? name.Canonical
            : throw EngineException.NotImplemented($"pulling all tags of {name.FamiliarName} is not built: name one tag");
    }
}

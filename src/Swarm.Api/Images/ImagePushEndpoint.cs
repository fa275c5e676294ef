using Microsoft.AspNetCore.Http;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Images;

namespace Swarm.Api.Images;

/// <summary>`docker push`.</summary>
internal static class ImagePushEndpoint
{
    public static Task PushAsync(HttpContext context, ImageStore images, string name)
    {
        var reference = ImageReference.Parse(name);
        if (reference.HasDigest)
        {
            throw EngineException.BadRequest("cannot push a digest reference");
        }

        if (context.QueryString("platform").Length > 0)
        {
            throw EngineException.NotImplemented("pushing one platform of an image is not built: an image here is of one platform");
        }

        var tag = context.QueryString("tag");
        var allTags = tag.Length == 0 && reference.Tag is null;
        var auth = context.Request.Headers["X-Registry-Auth"].ToString();
        return ProgressStream.RunAsync(context, (report, cancellation) => images.PushAsync(
            tag.Length > 0 ? reference.WithTag(tag) : reference, allTags, auth.Length > 0 ? auth : null, step => Report(step, report), cancellation));
    }

    private static void Report(PushProgress step, Action<ProgressLine> report)
    {
        report(new ProgressLine
        {
            Status = step.Status,
            Id = step.Id.Length > 0 ? step.Id : null,
            Detail = step.Id.Length > 0 ? new ProgressDetail(step.Current, step.Total) : null,
        });
        if (step.Tag is { } tag)
        {
            report(new ProgressLine { Detail = new ProgressDetail(0, 0), Aux = new ProgressAux { Tag = tag.Tag, Digest = tag.Digest, Size = tag.Size } });
        }
    }
}

using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Images;

namespace Swarm.Api.Images;

/// <summary>The query's `platform`, an OCI platform in JSON: an image is here for one platform, so another one is an image that is not here.</summary>
internal static class WantedPlatform
{
    /// <param name="since">The API version that has it; older clients do not mean it.</param>
    /// <exception cref="EngineException">400: not a platform; 404: the image is for another one.</exception>
    public static void Check(HttpContext context, ApiVersion since, ImageStore images, string name)
    {
        if (Of(context, since) is { } wanted)
        {
            var image = images.Inspect(name).Image;
            if (wanted.Os != image.Os || wanted.Architecture != image.Architecture)
            {
                throw EngineException.NotFound(
                    $"image with reference {name} was found but its platform ({image.Os}/{image.Architecture}) does not match the specified platform ({wanted})");
            }
        }
    }

    /// <summary>Null: any.</summary>
    /// <exception cref="EngineException">400: not a platform.</exception>
    public static ImagePlatform? Of(HttpContext context, ApiVersion since)
    {
        var asked = context.ApiVersion() < since ? [] : context.QueryStrings("platform");
        return asked.Count > 1 ? throw EngineException.BadRequest("multiple platform parameters not supported")
            : asked.Count == 1 ? Parse(asked[0])
            : null;
    }

    /// <summary>Names of processors as the kernel has them mean those of Go.</summary>
    private static ImagePlatform Parse(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var (os, architecture) = (Text(document, "os"), Text(document, "architecture"));
            return os.Length > 0 && architecture.Length > 0
                ? ImagePlatform.Parse($"{os}/{architecture}")
                : throw EngineException.BadRequest("both OS and Architecture must be provided");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new EngineException(400, $"failed to parse platform: {e.Message}", e);
        }
    }

    private static string Text(JsonDocument document, string name) => document.RootElement.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
}

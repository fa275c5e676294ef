using Microsoft.AspNetCore.Http;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Images;

namespace Swarm.Api.Images;

/// <summary>/auth and /distribution: what only registries know.</summary>
internal static class RegistryEndpoints
{
    public static async Task LogInAsync(HttpContext context, ImageStore images)
    {
        var request = await context.ReadJsonAsync(ImageWireJson.Default.AuthRequest) ?? new AuthRequest();
        var token = await images.LogInAsync(
            request.ServerAddress ?? "", request.Username ?? "", request.Password ?? "", request.IdentityToken ?? "", context.RequestAborted);
        await context.WriteJsonAsync(new AuthAnswer("Login Succeeded", token), ImageWireJson.Default.AuthAnswer);
    }

    public static async Task InspectAsync(HttpContext context, ImageStore images, string name)
    {
        var reference = ImageReference.Parse(name);
        var auth = context.Request.Headers["X-Registry-Auth"].ToString();
        var found = await images.InspectRemoteAsync(reference, auth.Length > 0 ? auth : null, context.RequestAborted);
        await context.WriteJsonAsync(
            new DistributionAnswer
            {
                Descriptor = new DistributionDescriptor { MediaType = found.MediaType, Digest = found.Digest, Size = found.Size },
                Platforms =
                [
                    .. found.Platforms.Select(platform => new DistributionPlatform
                    {
                        Architecture = platform.Architecture, Os = platform.Os, Variant = platform.Variant.Length > 0 ? platform.Variant : null,
                    }),
                ],
            },
            ImageWireJson.Default.DistributionAnswer);
    }
}

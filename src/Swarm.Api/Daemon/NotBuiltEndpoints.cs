using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Api.Wire;
using Swarm.Engine;

namespace Swarm.Api.Daemon;

/// <summary>
/// The operations of the Engine API that this version does not have: they answer 501 and say so, where 404 would say that the client asked
/// for nonsense. Any endpoint that another room maps to the same path wins.
/// </summary>
public static class NotBuiltEndpoints
{
    private const int AfterAllOthers = int.MaxValue;
    private const string Json = "/json";

    private static readonly (string Method, string Path, string What)[] Operations =
    [
        ("POST", "/build/cancel", "cancelling a build by its id is of BuildKit, which is not built: leave the request"),
        ("POST", "/session", "BuildKit is not built: use the classic builder (DOCKER_BUILDKIT=0)"),
        ("POST", "/grpc", "BuildKit is not built: use the classic builder (DOCKER_BUILDKIT=0)"),
        ("GET", "/containers/{id}/checkpoints", "checkpoints are not built"),
        ("POST", "/containers/{id}/checkpoints", "checkpoints are not built"),
        ("DELETE", "/containers/{id}/checkpoints/{checkpoint}", "checkpoints are not built"),
        ("GET", "/plugins/privileges", "plugins are not built"),
        ("POST", "/plugins/{**rest}", "plugins are not built"),
        ("DELETE", "/plugins/{**rest}", "plugins are not built"),
    ];

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var (method, path, what) in Operations)
        {
            var refusal = $"{method} {path.Replace("**", "", StringComparison.Ordinal)}: {what} in this version";
            routes.MapMethods(path, [method], _ => throw EngineException.NotImplemented(refusal))
                .Add(endpoint => ((RouteEndpointBuilder)endpoint).Order = AfterAllOthers);
        }

        // Of what is asked for, rather than done, there is none: `docker inspect` asks for a plugin last.
        routes.MapGet("/plugins", context => context.WriteJsonAsync([], SystemJson.Default.IReadOnlyListString));
        routes.MapGet("/plugins/{**name}", context => throw EngineException.NotFound($"plugin \"{PluginNamed(context.RouteString("name"))}\" not found"));
    }

    /// <summary>A plugin's name may have slashes.</summary>
    private static string PluginNamed(string rest) => rest.EndsWith(Json, StringComparison.Ordinal) ? rest[..^Json.Length] : rest;
}

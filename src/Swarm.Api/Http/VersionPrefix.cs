using Microsoft.AspNetCore.Http;
using Swarm.Engine;

namespace Swarm.Api.Http;

/// <summary>Takes /v1.NN off the path and puts the headers on that every answer carries.</summary>
internal sealed class VersionPrefix(string engineVersion)
{
    private static readonly object Key = new();
    private readonly string _server = $"Swarm/{engineVersion} (linux)";

    /// <summary>The version that the client asked for; the newest if it named none.</summary>
    internal static ApiVersion Of(HttpContext context) => context.Items[Key] is ApiVersion version ? version : ApiVersion.Current;

    internal Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var headers = context.Response.Headers;
        headers["Api-Version"] = ApiVersion.Current.ToString();
        headers["Docker-Experimental"] = "false";
        headers["Ostype"] = "linux";
        headers.Server = _server;

        var path = context.Request.Path.Value ?? "/";
        if (path.Contains("%00", StringComparison.Ordinal) || path.Contains('\0', StringComparison.Ordinal))
        {
            throw EngineException.BadRequest("invalid path: it has a zero byte");
        }

        var end = path.IndexOf('/', 1);
        if (end > 0 && ApiVersion.TryParseSegment(path.AsSpan(1, end - 1), out var version))
        {
            context.Items[Key] = version;
            context.Request.Path = path[end..];
        }

        return next(context);
    }
}

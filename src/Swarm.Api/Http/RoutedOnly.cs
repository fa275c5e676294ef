using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Engine;

namespace Swarm.Api.Http;

/// <summary>
/// Docker answers 404 for a wrong method too, where ASP.NET would route to its own 405. A version is judged only on a path that exists.
/// </summary>
internal static class RoutedOnly
{
    internal static Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint() is not RouteEndpoint)
        {
            throw EngineException.NotFound("page not found");
        }

        VersionPrefix.Of(context).EnsureSupported();
        return next(context);
    }
}

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Swarm.Api.Hosting;

internal static class Pipeline
{
    /// <summary>Middleware without reflection: UseMiddleware&lt;T&gt; finds its method by name, which AOT would have to keep.</summary>
    internal static void UseMiddleware(this IApplicationBuilder application, Func<HttpContext, RequestDelegate, Task> middleware) =>
        application.Use(next => context => middleware(context, next));
}

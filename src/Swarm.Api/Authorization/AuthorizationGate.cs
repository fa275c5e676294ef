using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Swarm.Engine;

namespace Swarm.Api.Authorization;

/// <summary>
/// Asks every plugin in turn before a request is served, and again before its answer goes out. One no is a no; a plugin that does not answer is one
/// too. An answer that is a stream, or larger than <see cref="HeldAnswer.Limit"/>, has begun to go out when it is asked about.
/// </summary>
internal sealed class AuthorizationGate(IReadOnlyList<AuthorizationPlugin> plugins)
{
    /// <summary>A larger body is not shown to plugins, as in Docker.</summary>
    private const int ShownBody = 1 << 20;

    private static readonly string[] Secret = ["X-Registry-Auth", "X-Registry-Config", "Authorization"];

    internal async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var question = await QuestionAsync(context).ConfigureAwait(false);
        foreach (var plugin in plugins)
        {
            await AskAsync(plugin, isAnswer: false, question, context.RequestAborted).ConfigureAwait(false);
        }

        var original = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        await using var held = new HeldAnswer(context.Response, original.Stream);
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(held, original));
        try
        {
            await next(context).ConfigureAwait(false);
        }
        finally
        {
            context.Features.Set(original);
        }

        if (context.Features.Get<Http.HijackConnection>() is { IsTaken: true })
        {
            return;
        }

        question = question with
        {
            ResponseStatusCode = context.Response.StatusCode,
            ResponseHeaders = context.Response.Headers.ToDictionary(header => header.Key, header => header.Value.ToString()),
            ResponseBody = held.Held.Length > 0 ? held.Held.ToArray() : null,
        };
        foreach (var plugin in plugins)
        {
            try
            {
                await AskAsync(plugin, isAnswer: true, question, context.RequestAborted).ConfigureAwait(false);
            }
            catch when (!context.Response.HasStarted)
            {
                context.Response.Clear();
                throw;
            }
        }

        await held.ReleaseAsync(context.RequestAborted).ConfigureAwait(false);
    }

    private static async Task AskAsync(AuthorizationPlugin plugin, bool isAnswer, AuthorizationQuestion question, CancellationToken cancellation)
    {
        AuthorizationVerdict verdict;
        try
        {
            verdict = await plugin.AskAsync(isAnswer, question, cancellation).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new EngineException(StatusCodes.Status500InternalServerError, e.Message, e);
        }

        if (verdict.Err is { Length: > 0 } error)
        {
            throw new EngineException(StatusCodes.Status500InternalServerError, $"plugin {plugin.Name} failed with error: {error}");
        }

        if (!verdict.Allow)
        {
            throw new EngineException(StatusCodes.Status403Forbidden, $"authorization denied by plugin {plugin.Name}: {verdict.Msg}");
        }
    }

    private static async Task<AuthorizationQuestion> QuestionAsync(HttpContext context)
    {
        var request = context.Request;
        byte[]? body = null;
        if (request.ContentLength is > 0 and <= ShownBody && request.ContentType?.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) == true)
        {
            body = new byte[request.ContentLength.Value];
            await request.Body.ReadExactlyAsync(body, context.RequestAborted).ConfigureAwait(false);
            request.Body = new MemoryStream(body);
        }

        var client = context.Connection.ClientCertificate;
        return new AuthorizationQuestion
        {
            User = client?.GetNameInfo(System.Security.Cryptography.X509Certificates.X509NameType.SimpleName, forIssuer: false) ?? "",
            UserAuthNMethod = client is null ? "" : "TLS",
            RequestMethod = request.Method,
            RequestUri = request.Path + request.QueryString.Value,
            RequestHeaders = request.Headers.Where(header => !Secret.Contains(header.Key, StringComparer.OrdinalIgnoreCase)).ToDictionary(header => header.Key, header => header.Value.ToString()),
            RequestBody = body,
        };
    }
}

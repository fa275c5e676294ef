using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Swarm.Api.Http;

/// <summary>An answer of one JSON value per line, each sent at once: progress, events, stats.</summary>
public sealed class JsonLines
{
    private readonly HttpContext _context;

    private JsonLines(HttpContext context) => _context = context;

    /// <summary>Sends the headers, so that the client knows that it is served before the first line is there.</summary>
    public static async Task<JsonLines> StartAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        await context.Response.StartAsync(context.RequestAborted).ConfigureAwait(false);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted).ConfigureAwait(false);
        return new JsonLines(context);
    }

    /// <exception cref="OperationCanceledException">The client left.</exception>
    public async Task WriteAsync<T>(T value, JsonTypeInfo<T> type)
    {
        var output = _context.Response.BodyWriter;
        using (var writer = new Utf8JsonWriter(output))
        {
            JsonSerializer.Serialize(writer, value, type);
        }

        "\r\n"u8.CopyTo(output.GetSpan(2));
        output.Advance(2);
        await output.FlushAsync(_context.RequestAborted).ConfigureAwait(false);
    }
}

using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Swarm.Engine;

namespace Swarm.Api.Http;

/// <summary>JSON bodies of requests, with Docker's refusals.</summary>
public static class JsonBody
{
    /// <summary>Bytes. Docker has no bound; no honest request comes near this one.</summary>
    public const int MaxLength = 16 << 20;

    private const string JsonType = "application/json";

    /// <summary>The body as <typeparamref name="T"/>; null if there is none.</summary>
    /// <exception cref="EngineException">400: not JSON, not of this shape, or of another content type; 413: over <see cref="MaxLength"/>.</exception>
    public static async Task<T?> ReadJsonAsync<T>(this HttpContext context, JsonTypeInfo<T> type) where T : class
    {
        CheckContentType(context.Request);
        if (context.Request.ContentLength == 0)
        {
            return null;
        }

        var body = await ReadAllAsync(context).ConfigureAwait(false);
        if (body.Length == 0)
        {
            if (HasBody(context.Request))
            {
                throw EngineException.BadRequest("invalid JSON: got EOF while reading request body");
            }

            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(body.Span, type);
        }
        catch (JsonException e)
        {
            throw new EngineException(StatusCodes.Status400BadRequest, JsonRefusal.Explain(body, e, type), e);
        }
    }

    private static bool HasBody(HttpRequest request) => request.ContentLength > 0 || request.Headers.TransferEncoding.Count > 0;

    private static void CheckContentType(HttpRequest request)
    {
        var given = request.ContentType ?? "";
        if (given.Length == 0)
        {
            if (HasBody(request))
            {
                throw EngineException.BadRequest("malformed Content-Type header (): mime: no media type");
            }

            return;
        }

        if (!MediaTypeHeaderValue.TryParse(given, out var parsed) || !parsed.MediaType.Equals(JsonType, StringComparison.OrdinalIgnoreCase))
        {
            throw EngineException.BadRequest($"unsupported Content-Type header ({given}): must be '{JsonType}'");
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAllAsync(HttpContext context)
    {
        if (context.Request.ContentLength > MaxLength)
        {
            throw TooLarge();
        }

        var whole = new ArrayBufferWriter<byte>((int)(context.Request.ContentLength ?? 4096));
        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(context.RequestAborted).ConfigureAwait(false);
            foreach (var segment in read.Buffer)
            {
                if (whole.WrittenCount + segment.Length > MaxLength)
                {
                    throw TooLarge();
                }

                whole.Write(segment.Span);
            }

            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return whole.WrittenMemory;
            }
        }
    }

    private static EngineException TooLarge() =>
        new(StatusCodes.Status413PayloadTooLarge, $"request body too large: a JSON body may have at most {MaxLength} bytes");
}

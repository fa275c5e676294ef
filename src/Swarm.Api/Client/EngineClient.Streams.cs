using System.Runtime.CompilerServices;

namespace Swarm.Api.Client;

public sealed partial class EngineClient
{
    /// <summary>
    /// What a container wrote, as frames of one of its two streams (`Tty` off). Ends with the container if it follows.
    /// </summary>
    /// <param name="tail">Lines from the end; null: all.</param>
    public async IAsyncEnumerable<LogFrame> LogsAsync(
        LogSource source, string name, bool follow, bool timestamps, string? tail, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var query = new QueryString().Add("stdout", true).Add("stderr", true).Add("follow", follow).Add("timestamps", timestamps).Add("tail", tail);
        var path = $"/{source.ToString().ToLowerInvariant()}s/{Uri.EscapeDataString(name)}/logs{query}";
        using var response = await SendAsync(HttpMethod.Get, path, null, cancellation);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        if (response.Content.Headers.ContentType?.MediaType == "application/vnd.docker.raw-stream")
        {
            var buffer = new byte[16 * 1024];
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellation)) > 0)
            {
                yield return new LogFrame(IsError: false, buffer[..read]);
            }

            yield break;
        }

        await foreach (var frame in LogFrames.ReadAsync(stream, cancellation))
        {
            yield return frame;
        }
    }

    /// <summary>The engine's events as they happen, one JSON object each; ends only by cancellation or with the engine.</summary>
    public async IAsyncEnumerable<string> EventsAsync(
        [EnumeratorCancellation] CancellationToken cancellation, params KeyValuePair<string, string>[] filters)
    {
        using var response = await SendAsync(HttpMethod.Get, "/events" + new QueryString().Filters(filters), null, cancellation);
        await foreach (var line in LinesAsync(response, cancellation))
        {
            yield return line;
        }
    }

    private async IAsyncEnumerable<string> LinesAsync(HttpResponseMessage response, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        while (await NextAsync(reader, cancellation) is { } line)
        {
            if (line.Length > 0)
            {
                yield return line;
            }
        }
    }

    private async Task<string?> NextAsync(StreamReader reader, CancellationToken cancellation)
    {
        try
        {
            return await reader.ReadLineAsync(cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new EngineUnreachableException(Endpoint, e);
        }
    }
}

/// <summary>Whose logs: the last segment but one of the API's path.</summary>
public enum LogSource { Container, Service, Task }

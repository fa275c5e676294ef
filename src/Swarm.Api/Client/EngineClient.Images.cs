using System.Net.Http.Headers;

namespace Swarm.Api.Client;

public sealed partial class EngineClient
{
    public async Task<IReadOnlyList<Images.ImageSummary>> ImagesAsync(CancellationToken cancellation) =>
        await GetAsync("/images/json", Images.ImageWireJson.Default.ListImageSummary, cancellation);

    /// <summary>Loads images from an archive as `docker save` writes it. Answers the engine's progress lines, one JSON object each.</summary>
    public async Task<IReadOnlyList<string>> LoadImagesAsync(Stream archive, CancellationToken cancellation)
    {
        var body = new StreamContent(archive);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
        return await ProgressAsync("/images/load?quiet=1", body, cancellation);
    }

    /// <summary>Gets an image from its registry. Answers the engine's progress lines, one JSON object each.</summary>
    public Task<IReadOnlyList<string>> PullImageAsync(string reference, CancellationToken cancellation) =>
        ProgressAsync("/images/create" + new QueryString().Add("fromImage", reference), null, cancellation);

    /// <summary>The engine answers 200 before the work is done: a failure on the way is one of the lines.</summary>
    private async Task<IReadOnlyList<string>> ProgressAsync(string path, HttpContent? body, CancellationToken cancellation)
    {
        using var response = await SendAsync(HttpMethod.Post, path, body, cancellation);
        var lines = new List<string>();
        await foreach (var line in LinesAsync(response, cancellation))
        {
            using var json = System.Text.Json.JsonDocument.Parse(line);
            if (json.RootElement.TryGetProperty("error", out var error))
            {
                throw new EngineClientException(response.StatusCode, error.GetString() ?? line);
            }

            lines.Add(line);
        }

        return lines;
    }
}

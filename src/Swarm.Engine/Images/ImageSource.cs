namespace Swarm.Engine.Images;

/// <summary>The archive that `docker import URL` names.</summary>
public static class ImageSource
{
    /// <summary>Without a scheme it is http, as in Docker.</summary>
    /// <exception cref="EngineException">400: not a URL of http or https.</exception>
    public static Uri Url(string text) =>
        Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps)
            ? url
            : throw EngineException.BadRequest($"parse \"{text}\": invalid URL");

    /// <summary>Downloads as it is read.</summary>
    /// <exception cref="EngineException">400: it cannot be had.</exception>
    public static async Task<Stream> OpenAsync(HttpClient http, Uri url, CancellationToken cancellation)
    {
        HttpResponseMessage? response = null;
        try
        {
            response = await http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
            return response.IsSuccessStatusCode
                ? await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false)
                : throw EngineException.BadRequest($"failed to GET {url} with status {(int)response.StatusCode} {response.ReasonPhrase}");
        }
        catch (HttpRequestException e)
        {
            response?.Dispose();
            throw new EngineException(400, $"Get \"{url}\": {e.Message}", e);
        }
        catch
        {
            response?.Dispose();
            throw;
        }
    }
}

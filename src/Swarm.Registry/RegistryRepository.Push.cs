using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Swarm.Registry;

/// <summary>What changes a repository, and what only asks about it.</summary>
public sealed partial class RegistryRepository
{
    /// <summary>Bytes of one page of a list of tags.</summary>
    private const int MaxTagPage = 8 << 20;

    private const int MaxTagPages = 1000;

    public async Task<bool> HasBlobAsync(Digest digest, CancellationToken cancellation)
    {
        using var response = await RetryAsync(() => new HttpRequestMessage(HttpMethod.Head, Address($"blobs/{digest}")), cancellation);
        return response.IsSuccessStatusCode ? true
            : response.StatusCode == HttpStatusCode.NotFound ? false
            : throw await Refusals.OfAsync(_client, response, cancellation);
    }

    /// <summary>Uploads a blob, unless the registry can take it from another of its repositories.</summary>
    /// <param name="from">Repositories of the same registry that may have it.</param>
    /// <param name="open">Its bytes, seekable; may be called again after a cut.</param>
    /// <returns>The repository that it was mounted from; null: it was uploaded.</returns>
    /// <exception cref="RegistryException">Denied, unreachable, or refused.</exception>
    public async Task<string?> UploadBlobAsync(
        Digest digest, IReadOnlyList<string> from, Func<Stream> open, Action<long>? progress, CancellationToken cancellation)
    {
        Uri? location = null;
        foreach (var source in from)
        {
            var query = $"blobs/uploads/?mount={Uri.EscapeDataString(digest.ToString())}&from={Uri.EscapeDataString(source)}";
            using var response = await RetryAsync(() => new HttpRequestMessage(HttpMethod.Post, Address(query)), cancellation);
            if (response.StatusCode == HttpStatusCode.Created)
            {
                return source;
            }

            // Not mounted: an upload has begun instead.
            location = response.StatusCode == HttpStatusCode.Accepted ? Location(response) : null;
        }

        await new BlobUpload(_client, this, digest, open, progress).RunAsync(location ?? await BeginUploadAsync(cancellation), cancellation);
        return null;
    }

    /// <summary>Puts a manifest under a tag; its blobs are there.</summary>
    public async Task PutManifestAsync(string reference, byte[] content, string mediaType, CancellationToken cancellation)
    {
        using var response = await RetryAsync(
            () =>
            {
                var request = new HttpRequestMessage(HttpMethod.Put, Address($"manifests/{reference}")) { Content = new ByteArrayContent(content) };
                request.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
                return request;
            },
            cancellation);
        if (!response.IsSuccessStatusCode)
        {
            throw await Refusals.OfAsync(_client, response, cancellation);
        }
    }

    /// <summary>All tags, in the registry's order.</summary>
    public async Task<IReadOnlyList<string>> ListTagsAsync(CancellationToken cancellation)
    {
        var tags = new List<string>();
        var next = Address("tags/list");
        for (var page = 0; page < MaxTagPages; page++)
        {
            var address = next;
            using var response = await RetryAsync(() => new HttpRequestMessage(HttpMethod.Get, address), cancellation);
            if (!response.IsSuccessStatusCode)
            {
                throw await Refusals.OfAsync(_client, response, cancellation);
            }

            try
            {
                var answer = JsonSerializer.Deserialize(await _client.ReadAsync(response, MaxTagPage, cancellation), RegistryJson.Default.TagAnswer);
                tags.AddRange((answer?.Tags ?? []).Where(tag => tag is not null));
            }
            catch (JsonException e)
            {
                throw new RegistryException(RegistryFault.Invalid, $"the list of tags is not JSON: {e.Message}", e);
            }

            if (NextPage(response) is not { } more)
            {
                return tags;
            }

            next = more;
        }

        throw new RegistryException(RegistryFault.Invalid, $"the list of tags has more than {MaxTagPages} pages");
    }

    internal async Task<Uri> BeginUploadAsync(CancellationToken cancellation)
    {
        using var response = await RetryAsync(() => new HttpRequestMessage(HttpMethod.Post, Address("blobs/uploads/")), cancellation);
        return response.StatusCode == HttpStatusCode.Accepted
            ? Location(response) ?? throw new RegistryException(RegistryFault.Invalid, "the registry does not say where to upload to")
            : throw await Refusals.OfAsync(_client, response, cancellation);
    }

    /// <summary>Where an answer leads; relative ones are the registry's own.</summary>
    internal Uri? Location(HttpResponseMessage response) =>
        response.Headers.Location is { } location ? new Uri(response.RequestMessage!.RequestUri!, location) : null;

    /// <summary>One request, with the answer to the registry's challenge if it gives one. Not repeated otherwise.</summary>
    internal async Task<HttpResponseMessage> SendAsync(Func<HttpRequestMessage> make, CancellationToken cancellation)
    {
        for (var authorized = false; ; authorized = true)
        {
            using var request = make();

            // Uploads may be sent elsewhere, to who must not hear the registry's password.
            if (request.RequestUri!.Authority == _root.Authority)
            {
                request.Headers.Authorization = _header;
            }

            var response = await _client.SendAsync(request, _root.Authority, cancellation);
            if (response.StatusCode != HttpStatusCode.Unauthorized || authorized)
            {
                return response;
            }

            using (response)
            {
                await AuthorizeAsync(response, cancellation);
            }
        }
    }

    /// <summary>As <see cref="SendAsync"/>, repeated while the registry is away or ill.</summary>
    private async Task<HttpResponseMessage> RetryAsync(Func<HttpRequestMessage> make, CancellationToken cancellation)
    {
        var delay = _client.Options.RetryDelay;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var response = await SendAsync(make, cancellation);
                if ((int)response.StatusCode < 500 || attempt >= _client.Options.Attempts)
                {
                    return response;
                }

                response.Dispose();
            }
            catch (RegistryException e) when (e.Fault is RegistryFault.Unreachable && attempt < _client.Options.Attempts)
            {
                // Again below.
            }

            await Task.Delay(delay, _client.Time, cancellation);
            delay *= 2;
        }
    }

    private Uri Address(string what) => new(_root, $"{_path}/{what}");

    /// <summary>Link: &lt;...&gt;; rel="next" (RFC 8288). A page elsewhere is none of this registry.</summary>
    private Uri? NextPage(HttpResponseMessage response)
    {
        if (!response.Headers.TryGetValues("Link", out var links) || links.FirstOrDefault(link => link.Contains("rel=\"next\"", StringComparison.Ordinal)) is not { } link
            || link.IndexOf('<') is not (>= 0 and var open) || link.IndexOf('>') is not (> 0 and var close) || close < open)
        {
            return null;
        }

        var next = new Uri(response.RequestMessage!.RequestUri!, link[(open + 1)..close]);
        return next.Authority == _root.Authority ? next : null;
    }
}

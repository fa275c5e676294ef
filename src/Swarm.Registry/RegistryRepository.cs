using System.Net;
using System.Net.Http.Headers;

namespace Swarm.Registry;

/// <summary>A manifest as the registry gave it.</summary>
public sealed record FetchedManifest(Digest Digest, string MediaType, byte[] Content, Manifest Manifest);

/// <summary>One repository of one registry, for the length of one pull or push: it remembers how it was let in.</summary>
public sealed partial class RegistryRepository
{
    private static readonly string[] Accepted =
        [MediaTypes.OciIndex, MediaTypes.OciManifest, MediaTypes.DockerList, MediaTypes.DockerManifest];

    private readonly RegistryClient _client;
    private Uri _root;
    private readonly string _path;
    private Authorization _authorization;
    private readonly RegistryCredentials? _credentials;
    private readonly string _scope;
    private AuthenticationHeaderValue? _header;

    internal RegistryRepository(RegistryClient client, Uri root, string path, RegistryCredentials? credentials, string scope)
    {
        _client = client;
        _root = root;
        _path = path;
        _scope = scope;
        _credentials = credentials;
        _authorization = new Authorization(client, credentials, root);
    }

    /// <summary>Whether a registry answers there; learns how it wants to be asked. Fails fast: not repeated.</summary>
    /// <exception cref="RegistryException">Unreachable, or not a registry.</exception>
    public async Task PingAsync(CancellationToken cancellation)
    {
        var (root, response) = await _client.PingAsync(_root, cancellation);
        using var answered = response;
        (_root, _authorization) = (root, root == _root ? _authorization : new Authorization(_client, _credentials, root));
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            await AuthorizeAsync(response, cancellation);
        }
        else if (!response.IsSuccessStatusCode)
        {
            throw await Refusals.OfAsync(_client, response, cancellation);
        }
    }

    /// <param name="reference">A tag or a digest; a digest is verified.</param>
    /// <exception cref="RegistryException">Unknown, denied, unreachable, or not a manifest.</exception>
    public async Task<FetchedManifest> GetManifestAsync(string reference, CancellationToken cancellation)
    {
        using var response = await GetAsync($"manifests/{reference}", Accepted, from: 0, cancellation);
        var content = await _client.ReadAsync(response, Manifest.MaxSize, cancellation);
        var digest = Digest.Of(content);
        if (Digest.TryParse(reference, out var wanted) && wanted != digest)
        {
            throw new RegistryException(RegistryFault.Invalid, $"manifest verification failed for digest {wanted}");
        }

        var type = response.Content.Headers.ContentType?.MediaType ?? "";
        try
        {
            return new FetchedManifest(digest, type, content, Manifest.Parse(content, type));
        }
        catch (InvalidDataException e)
        {
            throw new RegistryException(RegistryFault.Invalid, e.Message, e);
        }
    }

    /// <summary>A blob that fits into memory, verified.</summary>
    /// <exception cref="RegistryException">Also: it is larger than <paramref name="limit"/>.</exception>
    public async Task<byte[]> GetSmallBlobAsync(Descriptor blob, int limit, CancellationToken cancellation)
    {
        using var response = await GetAsync($"blobs/{blob.Digest}", [], from: 0, cancellation);
        var content = await _client.ReadAsync(response, limit, cancellation);
        return Digest.TryParse(blob.Digest, out var wanted) && Digest.Of(content) == wanted
            ? content
            : throw new RegistryException(RegistryFault.Invalid, $"blob verification failed for digest {blob.Digest}");
    }

    /// <summary>
    /// Downloads a blob into <paramref name="path"/>, going on where an earlier attempt ended, and verifies it. When it returns the file is
    /// whole; when it throws, what was got stays for the next time, unless it is wrong.
    /// </summary>
    /// <param name="progress">Bytes so far.</param>
    public Task DownloadBlobAsync(Descriptor blob, string path, Action<long>? progress, CancellationToken cancellation) =>
        new BlobDownload(_client, this, blob, path, progress).RunAsync(cancellation);

    /// <param name="from">First byte that is wanted.</param>
    internal async Task<HttpResponseMessage> GetAsync(string what, IReadOnlyList<string> accept, long from, CancellationToken cancellation)
    {
        var delay = _client.Options.RetryDelay;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryGetAsync(what, accept, from, cancellation);
            }
            catch (RegistryException e) when (e.Fault is RegistryFault.Unreachable or RegistryFault.Server && attempt < _client.Options.Attempts)
            {
                await Task.Delay(delay, _client.Time, cancellation);
                delay *= 2;
            }
        }
    }

    private async Task<HttpResponseMessage> TryGetAsync(string what, IReadOnlyList<string> accept, long from, CancellationToken cancellation)
    {
        for (var authorized = false; ; authorized = true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_root, $"{_path}/{what}"));
            request.Headers.Authorization = _header;
            foreach (var type in accept)
            {
                request.Headers.Accept.ParseAdd(type);
            }

            if (from > 0)
            {
                request.Headers.Range = new RangeHeaderValue(from, null);
            }

            var response = await _client.SendAsync(request, _root.Authority, cancellation);
            if (response.IsSuccessStatusCode || (from > 0 && response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable))
            {
                return response;
            }

            using (response)
            {
                // A token may be of another scope or have run out: answer the challenge, but only once.
                if (response.StatusCode != HttpStatusCode.Unauthorized || authorized)
                {
                    throw await Refusals.OfAsync(_client, response, cancellation);
                }

                await AuthorizeAsync(response, cancellation);
            }
        }
    }

    private async Task AuthorizeAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var header = response.Headers.WwwAuthenticate.FirstOrDefault();
        if (header is null || Challenge.Parse(header.ToString()) is not { } challenge)
        {
            throw new RegistryException(RegistryFault.Unauthorized, "unauthorized: the registry does not say how to authenticate");
        }

        _header = await _authorization.AnswerAsync(challenge, _scope, cancellation);
    }
}

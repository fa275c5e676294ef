namespace Swarm.Registry;

/// <summary>
/// Client of OCI registries (distribution-spec v1.1) and of Docker's. One per process: it owns the connections and the bound of parallel
/// downloads.
/// </summary>
public sealed class RegistryClient : IDisposable
{
    /// <summary>Docker Hub's name in references, and the host that serves it.</summary>
    public const string DockerHub = "docker.io";
    private const string DockerHubHost = "registry-1.docker.io";

    private readonly HttpClient _http;

    public RegistryClient(RegistryOptions options, TimeProvider time)
    {
        Options = options;
        Time = time;
        Downloads = new SharedDownloads(options.ConcurrentDownloads);
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            MaxAutomaticRedirections = 5,
            MaxResponseHeadersLength = 64,
        };
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("swarm/1");
    }

    /// <summary>Downloads in progress, shared by everyone who wants the same blob.</summary>
    public SharedDownloads Downloads { get; }

    public RegistryOptions Options { get; }

    internal TimeProvider Time { get; }

    /// <summary>For pulls.</summary>
    /// <param name="host">As in a reference: docker.io, or host[:port].</param>
    /// <param name="path">Repository, such as library/busybox.</param>
    public RegistryRepository Repository(string host, string path, RegistryCredentials? credentials) =>
        new(this, Root(host), path, credentials, $"repository:{path}:pull");

    /// <summary>Places to pull from, best first: the mirrors of Docker Hub, and the registry itself.</summary>
    public IEnumerable<RegistryRepository> Sources(string host, string path, RegistryCredentials? credentials) =>
        (host == DockerHub ? Options.Mirrors : []).Select(mirror => new RegistryRepository(this, new Uri(mirror, "/v2/"), path, null, $"repository:{path}:pull"))
            .Append(Repository(host, path, credentials));

    /// <summary>For pushes.</summary>
    /// <param name="mountFrom">Other repositories there, to take blobs from.</param>
    public RegistryRepository Writable(string host, string path, RegistryCredentials? credentials, IEnumerable<string> mountFrom)
    {
        var scopes = mountFrom.Select(other => $"repository:{other}:pull").Prepend($"repository:{path}:pull,push");
        return new RegistryRepository(this, Root(host), path, credentials, string.Join(' ', scopes));
    }

    /// <summary>Checks credentials: `docker login`.</summary>
    /// <returns>A refresh token to be kept instead of the password, if the registry gives one; else empty.</returns>
    /// <exception cref="RegistryException">Refused, or unreachable.</exception>
    public async Task<string> LogInAsync(string host, RegistryCredentials credentials, CancellationToken cancellation)
    {
        var root = Root(host);
        using var request = new HttpRequestMessage(HttpMethod.Get, root);
        using var response = await SendAsync(request, cancellation);
        if (response.IsSuccessStatusCode)
        {
            return "";
        }

        if (response.StatusCode != System.Net.HttpStatusCode.Unauthorized
            || response.Headers.WwwAuthenticate.FirstOrDefault() is not { } header || Challenge.Parse(header.ToString()) is not { } challenge)
        {
            throw await Refusals.OfAsync(this, response, cancellation);
        }

        var authorization = new Authorization(this, credentials, root.Scheme == Uri.UriSchemeHttp);
        var (answer, refresh) = await authorization.LogInAsync(challenge, cancellation);
        using var again = new HttpRequestMessage(HttpMethod.Get, root);
        again.Headers.Authorization = answer;
        using var second = await SendAsync(again, cancellation);
        return second.IsSuccessStatusCode
            ? refresh
            : throw new RegistryException(
                RegistryFault.Unauthorized, $"login attempt to {root} failed with status: {(int)second.StatusCode} {second.ReasonPhrase}");
    }

    public void Dispose() => _http.Dispose();

    private Uri Root(string host)
    {
        var scheme = Options.IsInsecure(host) ? "http" : "https";
        return new Uri($"{scheme}://{(host == DockerHub ? DockerHubHost : host)}/v2/");
    }

    /// <summary>One request; the answer's body is not read yet. The caller disposes it.</summary>
    /// <exception cref="RegistryException">Unreachable.</exception>
    internal async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        using var stall = new CancellationTokenSource(Options.StallTimeout, Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stall.Token, cancellation);
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            var why = e is HttpRequestException ? Innermost(e) : stall.IsCancellationRequested ? "no answer in time" : "dial timeout";
            throw new RegistryException(RegistryFault.Unreachable, $"{Verb(request.Method)} \"{request.RequestUri}\": {why}", e);
        }
    }

    /// <summary>A body of bounded size.</summary>
    internal async Task<byte[]> ReadAsync(HttpResponseMessage response, int limit, CancellationToken cancellation)
    {
        using var stall = new CancellationTokenSource(Options.StallTimeout, Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stall.Token, cancellation);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(both.Token);
            var buffer = new byte[Math.Min(response.Content.Headers.ContentLength ?? 8192, limit) + 1];
            var count = 0;
            for (int read; (read = await body.ReadAsync(buffer.AsMemory(count), both.Token)) > 0;)
            {
                count += read;
                if (count > limit)
                {
                    throw new RegistryException(RegistryFault.Invalid, $"answer of {response.RequestMessage?.RequestUri} has more than {limit} bytes");
                }

                if (count == buffer.Length)
                {
                    Array.Resize(ref buffer, Math.Min(buffer.Length * 2, limit + 1));
                }
            }

            return buffer[..count];
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            throw new RegistryException(RegistryFault.Unreachable, $"{response.RequestMessage?.RequestUri}: the answer broke off", e);
        }
    }

    private static string Verb(HttpMethod method) => method.Method[..1] + method.Method[1..].ToLowerInvariant();

    private static string Innermost(Exception e)
    {
        while (e.InnerException is { } inner)
        {
            e = inner;
        }

        return e is OperationCanceledException ? "dial timeout" : e.Message;
    }
}

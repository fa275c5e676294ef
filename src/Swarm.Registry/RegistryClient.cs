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

    internal RegistryOptions Options { get; }

    internal TimeProvider Time { get; }

    /// <param name="host">As in a reference: docker.io, or host[:port].</param>
    /// <param name="path">Repository, such as library/busybox.</param>
    public RegistryRepository Repository(string host, string path, RegistryCredentials? credentials)
    {
        var scheme = Options.IsInsecure(host) ? "http" : "https";
        var root = new Uri($"{scheme}://{(host == DockerHub ? DockerHubHost : host)}/v2/");
        return new RegistryRepository(this, root, path, credentials);
    }

    public void Dispose() => _http.Dispose();

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

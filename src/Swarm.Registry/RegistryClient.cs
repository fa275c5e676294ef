using System.Collections.Concurrent;

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

    private readonly HostClients _clients = new();

    /// <summary>What insecure registries were found to speak.</summary>
    private readonly ConcurrentDictionary<string, string> _schemes = [];
    private volatile RegistryOptions _options;

    public RegistryClient(RegistryOptions options, TimeProvider time)
    {
        _options = options;
        Time = time;
        Downloads = new SharedDownloads(options.ConcurrentDownloads);
    }

    /// <summary>Downloads in progress, shared by everyone who wants the same blob.</summary>
    public SharedDownloads Downloads { get; }

    public RegistryOptions Options => _options;

    internal TimeProvider Time { get; }

    /// <summary>For what is asked from now on.</summary>
    public void Configure(RegistryOptions options)
    {
        _options = options;
        _schemes.Clear();
        Downloads.Allow(options.ConcurrentDownloads);
    }

    /// <summary>For pulls.</summary>
    /// <param name="host">As in a reference: docker.io, or host[:port].</param>
    /// <param name="path">Repository, such as library/busybox.</param>
    public RegistryRepository Repository(string host, string path, RegistryCredentials? credentials) =>
        new(this, Root(host), path, credentials, $"repository:{path}:pull");

    /// <summary>Places to pull from, best first: the mirrors of Docker Hub, and the registry itself.</summary>
    public IEnumerable<RegistryRepository> Sources(string host, string path, RegistryCredentials? credentials) =>
        (host == DockerHub ? Options.Mirrors : []).Select(mirror => new RegistryRepository(this, new Uri(mirror.AbsoluteUri.TrimEnd('/') + "/v2/"), path, null, $"repository:{path}:pull"))
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
        var (root, response) = await PingAsync(Root(host), cancellation);
        using var answered = response;
        if (response.IsSuccessStatusCode)
        {
            return "";
        }

        if (response.StatusCode != System.Net.HttpStatusCode.Unauthorized
            || response.Headers.WwwAuthenticate.FirstOrDefault() is not { } header || Challenge.Parse(header.ToString()) is not { } challenge)
        {
            throw await Refusals.OfAsync(this, response, cancellation);
        }

        var authorization = new Authorization(this, credentials, root);
        var (answer, refresh) = await authorization.LogInAsync(challenge, cancellation);
        using var again = new HttpRequestMessage(HttpMethod.Get, root);
        again.Headers.Authorization = answer;
        using var second = await SendAsync(again, root.Authority, cancellation);
        return second.IsSuccessStatusCode
            ? refresh
            : throw new RegistryException(
                RegistryFault.Unauthorized, $"login attempt to {root} failed with status: {(int)second.StatusCode} {second.ReasonPhrase}");
    }

    public void Dispose() => _clients.Dispose();

    private Uri Root(string host)
    {
        var scheme = !Options.IsInsecure(host) ? Uri.UriSchemeHttps
            : _schemes.TryGetValue(host, out var spoken) ? spoken
            : host.LastIndexOf(':') > host.LastIndexOf(']') ? Uri.UriSchemeHttp : Uri.UriSchemeHttps;
        return Uri.TryCreate($"{scheme}://{(host == DockerHub ? DockerHubHost : host)}/v2/", UriKind.Absolute, out var root)
            ? root
            : throw new RegistryException(RegistryFault.BadName, $"invalid registry address \"{host}\": it is to be HOST[:PORT]");
    }

    /// <summary>
    /// Asks a registry whether it is there. An insecure one may speak TLS or not: at a port of its own it is asked without first, since that can be
    /// seen at once, at the usual ports with it.
    /// </summary>
    /// <returns>Where it was found, and its answer, which the caller disposes.</returns>
    /// <exception cref="RegistryException">Unreachable.</exception>
    internal async Task<(Uri Root, HttpResponseMessage Answer)> PingAsync(Uri root, CancellationToken cancellation)
    {
        var either = Options.IsInsecure(root.Authority) && root.AbsolutePath == "/v2/" && !Options.Mirrors.Any(mirror => mirror.Authority == root.Authority);
        try
        {
            var answer = await SendPingAsync(root, cancellation);
            if (!either || answer.StatusCode != System.Net.HttpStatusCode.BadRequest || root.Scheme != Uri.UriSchemeHttp)
            {
                return (root, answer);
            }

            answer.Dispose();
        }
        catch (RegistryException e) when (either && MaySpeakOtherwise(root, e))
        {
            // It is asked the other way, and what it then says counts.
        }

        var other = new UriBuilder(root) { Scheme = root.Scheme == Uri.UriSchemeHttp ? Uri.UriSchemeHttps : Uri.UriSchemeHttp, Port = root.IsDefaultPort ? -1 : root.Port }.Uri;
        var second = await SendPingAsync(other, cancellation);
        _schemes[root.Authority] = other.Scheme;
        return (other, second);
    }

    private async Task<HttpResponseMessage> SendPingAsync(Uri root, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, root);
        return await SendAsync(request, root.Authority, cancellation);
    }

    /// <summary>Somebody is there, but does not understand us.</summary>
    private static bool MaySpeakOtherwise(Uri root, RegistryException e) => e.Fault == RegistryFault.Unreachable
        && (root.Scheme == Uri.UriSchemeHttps || e.InnerException is HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded or HttpRequestError.InvalidResponse });

    /// <summary>One request; the answer's body is not read yet. The caller disposes it.</summary>
    /// <exception cref="RegistryException">Unreachable.</exception>
    /// <param name="registry">host[:port] of the registry that it is about: its certificates count, also for its token server.</param>
    internal async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, string registry, CancellationToken cancellation)
    {
        using var stall = new CancellationTokenSource(Options.StallTimeout, Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stall.Token, cancellation);
        try
        {
            return await _clients.Of(registry, Options).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
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

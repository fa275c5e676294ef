using System.Collections.Concurrent;

namespace Swarm.Registry;

/// <summary>One HTTP client for each registry that is trusted in its own way, and one for all others.</summary>
internal sealed class HostClients : IDisposable
{
    private readonly ConcurrentDictionary<(string Host, long Stamp, RegistryOptions Options), HttpClient> _clients = [];

    /// <param name="host">host[:port] of the registry on whose behalf the request is made.</param>
    public HttpClient Of(string host, RegistryOptions options)
    {
        var folder = Path.Combine(options.CertificatesFolder, host);
        var (stamp, insecure) = (HostTrust.Stamp(folder), options.IsInsecure(host));
        var key = stamp == 0 && !insecure ? ("", 0, options) : (host, stamp, options);
        return _clients.TryGetValue(key, out var present) ? present : _clients.GetOrAdd(key, Create(folder, insecure, options));
    }

    public void Dispose()
    {
        foreach (var client in _clients.Values)
        {
            client.Dispose();
        }
    }

    private static HttpClient Create(string folder, bool insecure, RegistryOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            MaxAutomaticRedirections = 5,
            MaxResponseHeadersLength = 64,
            SslOptions = HostTrust.Options(folder, insecure),
        };
        if (options.Proxies.Proxy is { } proxy)
        {
            handler.Proxy = proxy;
        }

        var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.UserAgent.ParseAdd("swarm/1");
        return client;
    }
}

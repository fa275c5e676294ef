using System.Net;

namespace Swarm.Registry;

/// <summary>Bounds and trust of the client.</summary>
public sealed record RegistryOptions
{
    /// <summary>
    /// Hosts (name, or name:port) that are believed whatever certificate they show, and spoken to without TLS if they do not speak it, besides this
    /// machine's own loopback.
    /// </summary>
    public IReadOnlySet<string> InsecureRegistries { get; init; } = new HashSet<string>();

    /// <summary>As <see cref="InsecureRegistries"/>, by address.</summary>
    public IReadOnlyList<IPNetwork> InsecureNetworks { get; init; } = [];

    /// <summary>Has a folder for each registry host with certificates of its own: see <see cref="HostTrust"/>.</summary>
    public string CertificatesFolder { get; init; } = "/etc/docker/certs.d";

    public ProxySettings Proxies { get; init; } = ProxySettings.None;

    /// <summary>Registries that are asked for Docker Hub's images first, without credentials.</summary>
    public IReadOnlyList<Uri> Mirrors { get; init; } = [];

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Until an answer's headers are there, and between two pieces of a body.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Requests for one thing, the first included.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>Before the second attempt; doubled before each further one.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <summary>Blobs that are downloaded at once, as Docker's max-concurrent-downloads.</summary>
    public int ConcurrentDownloads { get; init; } = 3;

    /// <summary>Blobs of one push that are uploaded at once, as Docker's max-concurrent-uploads.</summary>
    public int ConcurrentUploads { get; init; } = 5;

    internal bool IsInsecure(string host)
    {
        var name = host.StartsWith('[') ? host[1..Math.Max(host.IndexOf(']'), 1)] : host.Split(':')[0];
        return InsecureRegistries.Contains(host) || InsecureRegistries.Contains(name) || name == "localhost"
            || (IPAddress.TryParse(name, out var address) && (IPAddress.IsLoopback(address) || InsecureNetworks.Any(network => network.Contains(address))));
    }
}

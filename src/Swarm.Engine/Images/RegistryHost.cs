using Swarm.Registry;

namespace Swarm.Engine.Images;

/// <summary>A registry as clients' configurations name it: by host, or by an address such as https://index.docker.io/v1/.</summary>
public static class RegistryHost
{
    /// <summary>The host as references have it: docker.io, or host[:port].</summary>
    public static string Of(string name)
    {
        var scheme = name.IndexOf("://", StringComparison.Ordinal);
        var host = (scheme < 0 ? name : name[(scheme + 3)..]).Split('/')[0];
        return host is "" or "index.docker.io" or "registry-1.docker.io" or "registry.hub.docker.com" ? RegistryClient.DockerHub : host;
    }
}

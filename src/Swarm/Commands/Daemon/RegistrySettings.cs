using System.Collections.Immutable;
using System.Net;
using Swarm.Registry;

namespace Swarm.Commands;

/// <summary>The flags about registries and the way to them.</summary>
internal static class RegistrySettings
{
    public static RegistryOptions Read(FlagValues values)
    {
        var standard = new RegistryOptions();
        var insecure = values.All("insecure-registry").Select(WithoutScheme).ToList();
        return standard with
        {
            InsecureRegistries = insecure.Where(text => !text.Contains('/', StringComparison.Ordinal)).ToImmutableHashSet(),
            InsecureNetworks = [.. insecure.Where(text => text.Contains('/', StringComparison.Ordinal)).Select(IPNetwork.Parse)],
            Mirrors = [.. values.All("registry-mirror").Select(text => new Uri(text.EndsWith('/') ? text : text + "/"))],
            ConcurrentDownloads = values.Number("max-concurrent-downloads", standard.ConcurrentDownloads),
            ConcurrentUploads = values.Number("max-concurrent-uploads", standard.ConcurrentUploads),
            Attempts = values.Number("max-download-attempts", standard.Attempts),
            Proxies = new ProxySettings(
                values.Given("http-proxy") ?? Environment("HTTP_PROXY"),
                values.Given("https-proxy") ?? Environment("HTTPS_PROXY"),
                values.Given("no-proxy") ?? Environment("NO_PROXY")),
        };
    }

    private static string Environment(string name) =>
        System.Environment.GetEnvironmentVariable(name) is { Length: > 0 } upper ? upper : System.Environment.GetEnvironmentVariable(name.ToLowerInvariant()) ?? "";

    private static string WithoutScheme(string text) =>
        text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? text[7..] : text.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? text[8..] : text;
}

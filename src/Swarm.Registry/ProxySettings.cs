using System.Net;

namespace Swarm.Registry;

/// <summary>Proxies by the scheme of what is asked for; empty: none. The exceptions are as curl and Go read NO_PROXY.</summary>
/// <param name="Except">Separated by commas: a host (its subdomains too), .domain, *.domain, an address, a network, each but the network with :port; * alone: everything.</param>
public sealed record ProxySettings(string Http, string Https, string Except)
{
    public static ProxySettings None { get; } = new("", "", "");

    public IWebProxy? Proxy => Http.Length + Https.Length > 0 ? new ByScheme(this) : null;

    /// <summary>This machine itself is never behind a proxy.</summary>
    internal bool Bypasses(Uri target)
    {
        var host = target.Host.Trim('[', ']').TrimEnd('.').ToLowerInvariant();
        var address = IPAddress.TryParse(host, out var parsed) ? parsed : null;
        if (host == "localhost" || (address is not null && IPAddress.IsLoopback(address)))
        {
            return true;
        }

        foreach (var rule in Except.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(text => text.ToLowerInvariant()))
        {
            if (rule == "*")
            {
                return true;
            }

            if (IPNetwork.TryParse(rule, out var network))
            {
                if (address is not null && network.Contains(address))
                {
                    return true;
                }

                continue;
            }

            var (name, port) = Split(rule);
            if ((port is null || port == target.Port) && (address is not null ? name == host : IsOf(host, name)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsOf(string host, string rule)
    {
        var domain = rule.StartsWith("*.", StringComparison.Ordinal) ? rule[1..] : rule;
        return domain.StartsWith('.') ? host.EndsWith(domain, StringComparison.Ordinal) : host == domain || host.EndsWith("." + domain, StringComparison.Ordinal);
    }

    private static (string Name, int? Port) Split(string rule)
    {
        var colon = rule.LastIndexOf(':');
        return colon > 0 && rule.IndexOf(':') == colon && ushort.TryParse(rule.AsSpan(colon + 1), out var port) ? (rule[..colon], port) : (rule.Trim('[', ']'), null);
    }

    private sealed class ByScheme(ProxySettings settings) : IWebProxy
    {
        private readonly Uri? _http = Address(settings.Http), _https = Address(settings.Https);

        public ICredentials? Credentials { get; set; } = new CredentialsOfAddress();

        public Uri? GetProxy(Uri destination) => destination.Scheme == Uri.UriSchemeHttps ? _https : _http;

        public bool IsBypassed(Uri host) => GetProxy(host) is null || settings.Bypasses(host);

        private static Uri? Address(string text) => text.Length == 0 ? null : new Uri(text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text);
    }

    /// <summary>Name and password that stand in the proxy's own address.</summary>
    private sealed class CredentialsOfAddress : ICredentials
    {
        public NetworkCredential? GetCredential(Uri uri, string authType)
        {
            var parts = uri.UserInfo.Split(':', 2);
            return uri.UserInfo.Length == 0 ? null : new NetworkCredential(Uri.UnescapeDataString(parts[0]), Uri.UnescapeDataString(parts.ElementAtOrDefault(1) ?? ""));
        }
    }
}

namespace Swarm.Commands;

/// <summary>Proxies as they may be shown: a name and a password in the address are secrets.</summary>
internal static class ProxyText
{
    public static string Masked(string url)
    {
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        var start = scheme < 0 ? 0 : scheme + 3;
        var end = url.IndexOfAny(['/', '?', '#'], start);
        var at = url.LastIndexOf('@', end < 0 ? url.Length - 1 : end);
        return at < start ? url : $"{url[..start]}xxxxx:xxxxx{url[at..]}";
    }
}

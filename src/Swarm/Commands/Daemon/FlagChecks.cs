using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Swarm.Commands;

/// <summary>What is wrong with one value of a flag, in Docker's words; null: nothing.</summary>
internal static partial class FlagChecks
{
    private const int LongestDnsSearch = 255;
    private static readonly string[] Levels = ["panic", "fatal", "error", "warn", "info", "debug", "trace"];

    public static string? Level(string text) =>
        text.Length == 0 || Levels.Contains(text.ToLowerInvariant()) ? null : $"invalid logging level: {text}";

    public static string? Format(string text) => text is "" or "text" or "json" ? null : $"invalid log format: {text}";

    public static string? Label(string text) => text.IndexOf('=', StringComparison.Ordinal) > 0 ? null : $"bad attribute format: {text}";

    public static string? Ip(string text) => IPAddress.TryParse(text, out _) ? null : $"IP address is not correctly formatted: {text}";

    public static string? DnsSearch(string text) =>
        text == "." || (text.Length <= LongestDnsSearch && DomainPattern().IsMatch(text)) ? null : $"{text} is not a valid domain";

    public static string? IpcMode(string text) => text is "" or "private" or "shareable" ? null
        : text is "none" or "host" || text.StartsWith("container:", StringComparison.Ordinal)
            ? $"IPC mode \"{text}\" is not supported as default value; use \"shareable\" or \"private\""
            : $"default IPC mode setting ({text}) is invalid; use \"shareable\" or \"private\"";

    public static string? CgroupNamespaceMode(string text) =>
        text is "" or "private" or "host" ? null : $"invalid default cgroup namespace ({text}): use \"host\" or \"private\"";

    public static string? NotNegative(string text) =>
        long.Parse(text, CultureInfo.InvariantCulture) is >= 0 and <= int.MaxValue ? null : $"invalid value: {text}: it is to be 0 or more";

    /// <summary>http://host[:port][/] or https: without credentials, query or fragment.</summary>
    public static string? Mirror(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri))
        {
            return $"invalid mirror: \"{text}\" is not a valid URI";
        }

        return uri.Scheme is not ("http" or "https") ? $"invalid mirror: unsupported scheme \"{uri.Scheme}\" in \"{text}\""
            : uri.Query.Length > 0 || uri.Fragment.Length > 0 ? $"invalid mirror: query or fragment at end of the URI \"{uri.GetLeftPart(UriPartial.Path)}\""

            // Never the text itself: it has a password in it.
            : uri.UserInfo.Length > 0 ? $"invalid mirror: username/password not allowed in URI \"{uri.Scheme}://xxxxx@{uri.Authority}\""
            : null;
    }

    /// <summary>host, host:port, or a network.</summary>
    public static string? InsecureRegistry(string text)
    {
        var bare = text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? text[7..]
            : text.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? text[8..] : text;
        return bare.Length == 0 || bare.StartsWith('-') || bare.EndsWith('-') ? $"invalid index name ({text}). Cannot begin or end with a hyphen"
            : bare.Contains("://", StringComparison.Ordinal) ? $"insecure registry {text} should not contain '://'"
            : bare.Contains('/', StringComparison.Ordinal) && !IPNetwork.TryParse(bare, out _) ? $"insecure registry {text} is not valid: invalid host \"{bare}\""
            : null;
    }

    public static string? ExecOption(string text)
    {
        var (key, value) = (text.Split('=', 2)[0].Trim().ToLowerInvariant(), text.Split('=', 2).ElementAtOrDefault(1)?.Trim() ?? "");
        return key.Length == 0 || value.Length == 0 ? $"invalid exec-opt ({text}): must be formatted 'opt=value'"
            : key == "isolation" ? $"invalid exec-opt ({text}): option 'isolation' is only supported on windows"
            : key != "native.cgroupdriver" ? $"invalid exec-opt ({text}): unknown option: '{key}'"
            : value == "cgroupfs" ? null
            : value == "systemd" ? "native.cgroupdriver=systemd: this daemon makes control groups itself; leave the option out or say cgroupfs"
            : $"native.cgroupdriver option {value} is unknown: use cgroupfs";
    }

    public static string? GenericResource(string text) =>
        text.Split('=', 2) is [{ Length: > 0 }, { Length: > 0 } value] && (!value.StartsWith('-') || !long.TryParse(value, CultureInfo.InvariantCulture, out _))
            ? null
            : $"incorrect term {text}, missing '=' or malformed expression";

    public static string? StorageDriver(string text) => text is "" or "overlay2" or "overlayfs" ? null
        : $"storage driver {text} is not built: this daemon keeps layers in overlay2";

    /// <summary>overlay2's own options that mean something without quota.</summary>
    public static string? StorageOption(string text)
    {
        var key = text.Split('=', 2)[0].Trim().ToLowerInvariant();
        return text.IndexOf('=', StringComparison.Ordinal) <= 0 ? $"unable to parse storage-opt key/value: {text}"
            : key is "overlay2.override_kernel_check" ? null
            : key is "overlay2.size" ? "Storage option overlay2.size is supported only for overlay over xfs with 'pquota' mount option"
            : $"overlay2: unknown option {key}";
    }

    public static string? FirewallBackend(string text) => text is "" or "nftables" ? null
        : text == "iptables" ? "firewall-backend iptables is not built: the rules are in an nftables table of this daemon's own"
        : "invalid firewall-backend: allowed values are \"iptables\" and \"nftables\"";

    [GeneratedRegex(@"^([A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)([.][A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*[.]?$")]
    private static partial Regex DomainPattern();
}

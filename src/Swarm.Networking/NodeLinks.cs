using Swarm.Networking.Networks;

namespace Swarm.Networking;

/// <summary>Links in the host's namespace whose addresses are of our networks, and so not the node's own.</summary>
public static class NodeLinks
{
    internal const string IngressPrefix = "si", BridgePrefix = "br-";

    private const int IdBytes = 12;

    /// <summary>Whether a link is the bridge of a network, or the way of published ports into the cluster's; the default bridge has a name of its own.</summary>
    public static bool IsOurs(string link) =>
        link == NetworkRecord.Gateway || IsOf(link, BridgePrefix) || IsOf(link, IngressPrefix);

    private static bool IsOf(string link, string prefix) =>
        link.Length == prefix.Length + IdBytes && link.StartsWith(prefix, StringComparison.Ordinal) && link[prefix.Length..].All(char.IsAsciiHexDigitLower);
}

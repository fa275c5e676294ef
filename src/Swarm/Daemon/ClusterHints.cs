namespace Swarm.Daemon;

/// <summary>What a daemon that starts is told of a cluster that it is in already, because it has moved or the others have.</summary>
/// <param name="AdvertiseAddress">address[:port] or interface[:port] at which this node is reached from now on; null: as before, if that is still there.</param>
/// <param name="Peers">host:port where managers may be now.</param>
/// <param name="DefaultAdvertise">What a node advertises that listens everywhere and was told nothing; empty: its only address.</param>
internal sealed record ClusterHints(string? AdvertiseAddress, IReadOnlyList<string> Peers, string DefaultAdvertise = "")
{
    /// <summary>What was asked for, else the default where there is one to be chosen.</summary>
    internal string Wish(string asked, System.Net.IPEndPoint listen) =>
        asked.Length == 0 && (listen.Address.Equals(System.Net.IPAddress.Any) || listen.Address.Equals(System.Net.IPAddress.IPv6Any)) ? DefaultAdvertise : asked;
}

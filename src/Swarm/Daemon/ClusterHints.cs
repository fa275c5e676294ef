namespace Swarm.Daemon;

/// <summary>What a daemon that starts is told of a cluster that it is in already, because it has moved or the others have.</summary>
/// <param name="AdvertiseAddress">address[:port] or interface[:port] at which this node is reached from now on; null: as before, if that is still there.</param>
/// <param name="Peers">host:port where managers may be now.</param>
internal sealed record ClusterHints(string? AdvertiseAddress, IReadOnlyList<string> Peers);

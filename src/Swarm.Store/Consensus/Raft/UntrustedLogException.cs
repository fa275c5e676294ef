namespace Swarm.Store.Consensus.Raft;

/// <summary>
/// What is on disk contradicts what this node promised to others, or is damaged. Running on it could lose acknowledged writes or vote twice, so
/// the node does not start (design/store.md, H9).
/// </summary>
public sealed class UntrustedLogException(string directory, string what, Exception? inner = null) : Exception(
    $"The manager's log in {directory} cannot be trusted: {what}. If other managers are running, remove this node from the swarm there"
    + " (docker node demote and docker node rm --force), delete that directory and join again; if this is the only manager, restore a backup of it.", inner);

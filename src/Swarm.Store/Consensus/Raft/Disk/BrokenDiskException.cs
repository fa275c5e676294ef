namespace Swarm.Store.Consensus.Raft.Disk;

/// <summary>What the disk holds is no longer known: a sync failed, or a half write could not be taken back. The node must end; its restart finds out.</summary>
public sealed class BrokenDiskException(IOException cause) : IOException(cause.Message, cause);

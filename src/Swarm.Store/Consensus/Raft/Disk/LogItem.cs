namespace Swarm.Store.Consensus.Raft.Disk;

internal enum LogItemKind : byte
{
    /// <summary>Begins a leadership, or only fills an index.</summary>
    Empty = 0,

    /// <summary>Bytes of the store above.</summary>
    Data = 1,

    /// <summary>A membership.</summary>
    Members = 2,
}

/// <summary>An entry of the log.</summary>
/// <param name="Proposal">Whoever waits for it on this node; never on disk.</param>
internal sealed record LogItem(long Index, long Term, LogItemKind Kind, ReadOnlyMemory<byte> Content, Proposal? Proposal = null);

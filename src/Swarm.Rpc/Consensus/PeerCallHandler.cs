namespace Swarm.Rpc.Consensus;

/// <summary>Answers one consensus message of another manager; the id comes from its certificate. The bytes are the consensus room's own.</summary>
public delegate Task<ReadOnlyMemory<byte>> PeerCallHandler(string callerNodeId, ReadOnlyMemory<byte> request, CancellationToken cancellation);

/// <summary>Bytes that cross the wire as they are.</summary>
internal sealed record OpaqueBytes(ReadOnlyMemory<byte> Bytes);

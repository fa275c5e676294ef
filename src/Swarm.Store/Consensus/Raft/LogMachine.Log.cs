using Microsoft.Extensions.Logging;

namespace Swarm.Store.Consensus.Raft;

internal sealed partial class LogMachine
{
    [LoggerMessage(2001, LogLevel.Debug, "wrote the snapshot at index {Index}, {Bytes} bytes")]
    private partial void LogSnapshotWritten(long index, long bytes);

    [LoggerMessage(2002, LogLevel.Error, "could not write the snapshot at index {Index}")]
    private partial void LogSnapshotFailed(Exception e, long index);

    [LoggerMessage(2003, LogLevel.Information, "installed the leader's snapshot at index {Index}, {Bytes} bytes")]
    private partial void LogSnapshotInstalled(long index, long bytes);
}

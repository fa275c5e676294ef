using Microsoft.Extensions.Logging;
using Swarm.Store;

namespace Swarm.Manager.Dispatch;

internal sealed partial class StatusWriter
{
    [LoggerMessage(4101, LogLevel.Warning, "{Count} reported task statuses were not written: {Status}")]
    private partial void LogNotWritten(CommitStatus status, int count);
}

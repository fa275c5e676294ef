using Microsoft.Extensions.Logging;

namespace Swarm.Agent;

internal sealed partial class TaskTable
{
    [LoggerMessage(5011, LogLevel.Error, "the worker of task {TaskId} failed; the task is taken up again when the daemon restarts")]
    private partial void LogWorkerFailed(string taskId, Exception error);

    [LoggerMessage(5012, LogLevel.Warning, "the node holds task {TaskId}, which the managers do not know of: removing it")]
    private partial void LogUnknown(string taskId);
}

using Microsoft.Extensions.Logging;

namespace Swarm.Agent;

internal sealed partial class TaskWorker
{
    [LoggerMessage(5001, LogLevel.Information, "task {TaskId} failed")]
    private partial void LogFailed(string taskId, Exception error);

    [LoggerMessage(5002, LogLevel.Warning, "could not {What} what the node has of task {TaskId}: trying again")]
    private partial void LogInsisting(string what, string taskId, Exception error);
}

using Microsoft.Extensions.Logging;
using Swarm.Store;

namespace Swarm.Manager.Loops;

internal sealed partial class ControlLoopRunner
{
    [LoggerMessage(4001, LogLevel.Information, "the {Loop} fell behind the store and starts over")]
    private partial void LogLagged(string loop);

    [LoggerMessage(4002, LogLevel.Error, "the {Loop} failed and starts over")]
    private partial void LogFailed(string loop, Exception error);

    [LoggerMessage(4003, LogLevel.Debug, "a decision of the {Loop} was not committed: {Status} {ObjectId}")]
    private partial void LogRefused(string loop, CommitStatus status, string? objectId);
}

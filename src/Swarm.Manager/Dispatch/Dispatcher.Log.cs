using Microsoft.Extensions.Logging;

namespace Swarm.Manager.Dispatch;

public sealed partial class Dispatcher
{
    [LoggerMessage(4111, LogLevel.Error, "the dispatcher failed and starts over: every agent must register again")]
    private partial void LogFailed(Exception error);
}

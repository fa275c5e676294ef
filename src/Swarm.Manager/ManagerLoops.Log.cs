using Microsoft.Extensions.Logging;

namespace Swarm.Manager;

public sealed partial class ManagerLoops
{
    [LoggerMessage(4201, LogLevel.Information, "this node leads the swarm in term {Term}: starting the control loops")]
    private partial void LogStarting(long term);

    [LoggerMessage(4202, LogLevel.Information, "this node leads no more (term {Term}): stopping the control loops")]
    private partial void LogStopping(long term);
}

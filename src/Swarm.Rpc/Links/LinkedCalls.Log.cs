using Microsoft.Extensions.Logging;

namespace Swarm.Rpc.Links;

internal sealed partial class LinkedCalls
{
    [LoggerMessage(4110, LogLevel.Error, "a consensus message of another manager could not be answered")]
    private partial void LogFailed(Exception failure);
}

using Microsoft.Extensions.Logging;

namespace Swarm.Agent;

internal sealed partial class NetworkKeeper
{
    [LoggerMessage(5031, LogLevel.Warning, "the cluster's networks could not be made on this node: they are tried again")]
    private partial void LogNotMade(Exception error);
}

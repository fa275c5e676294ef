using Microsoft.Extensions.Logging;

namespace Swarm.Agent;

public sealed partial class NodeAgent
{
    [LoggerMessage(5021, LogLevel.Information, "registered with the managers, session {SessionId}")]
    private partial void LogRegistered(string sessionId);

    [LoggerMessage(5022, LogLevel.Information, "no session with the managers: {Reason}")]
    private partial void LogSessionEnded(string reason);
}

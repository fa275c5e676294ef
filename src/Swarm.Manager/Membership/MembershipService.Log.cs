using Microsoft.Extensions.Logging;

namespace Swarm.Manager.Membership;

internal static partial class MembershipServiceLog
{
    [LoggerMessage(3300, LogLevel.Information, "Manager {NodeId} at {Address} is a member of the consensus")]
    internal static partial void Added(this ILogger log, string nodeId, string address);

    [LoggerMessage(3301, LogLevel.Warning, "Manager {NodeId} at {Address} could not be added to the consensus")]
    internal static partial void NotAdded(this ILogger log, string nodeId, string address);

    [LoggerMessage(3303, LogLevel.Information, "Manager {NodeId} gives the leadership away")]
    internal static partial void Transferring(this ILogger log, string nodeId);

    [LoggerMessage(3302, LogLevel.Information, "Manager {NodeId} left the consensus")]
    internal static partial void Left(this ILogger log, string nodeId);
}

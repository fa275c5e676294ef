using Microsoft.Extensions.Logging;

namespace Swarm.Manager.Membership;

internal static partial class RoleReconcilerLog
{
    [LoggerMessage(3310, LogLevel.Information, "Node {NodeId} is to become a manager")]
    internal static partial void Promoted(this ILogger log, string nodeId);

    [LoggerMessage(3311, LogLevel.Information, "Node {NodeId} is a worker now")]
    internal static partial void Demoted(this ILogger log, string nodeId);

    [LoggerMessage(3312, LogLevel.Warning, "Manager {NodeId} cannot leave the consensus yet: this would lose the quorum")]
    internal static partial void Unsafe(this ILogger log, string nodeId);

    [LoggerMessage(3313, LogLevel.Information, "The leader is to leave the consensus: its leadership moves first")]
    internal static partial void Transferring(this ILogger log);

    [LoggerMessage(3314, LogLevel.Warning, "Roles are looked at later: {Reason}")]
    internal static partial void Postponed(this ILogger log, string reason);
}

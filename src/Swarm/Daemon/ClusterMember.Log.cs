using Microsoft.Extensions.Logging;

namespace Swarm.Daemon;

internal sealed partial class ClusterMember
{
    [LoggerMessage(110, LogLevel.Information, "Not a member of the managers' consensus yet: {Reason}")]
    internal static partial void LogNotJoined(ILogger logger, string reason);

    [LoggerMessage(117, LogLevel.Warning, "The managers' new roots are not those of this node's certificate: the old ones stay trusted until it is renewed")]
    private partial void LogNotTrusted();

    [LoggerMessage(112, LogLevel.Warning, "The cluster does not know this node any more; `swarm leave` frees it")]
    private partial void LogRemoved();

    [LoggerMessage(113, LogLevel.Error, "This node is a manager no more: {Reason}")]
    private partial void LogOutdated(string reason);

    [LoggerMessage(114, LogLevel.Warning, "This node's address {Old} is gone; it is reached at {New} now")]
    private partial void LogMoved(string old, string @new);

    [LoggerMessage(116, LogLevel.Information, "No manager was found at {Address} yet: {Reason}")]
    private partial void LogNotMet(string address, string reason);

    [LoggerMessage(115, LogLevel.Information, "A manager was found at {Address}")]
    private partial void LogMet(string address);

    [LoggerMessage(111, LogLevel.Information, "This node is now a {Role}")]
    private partial void LogRole(string role);
}

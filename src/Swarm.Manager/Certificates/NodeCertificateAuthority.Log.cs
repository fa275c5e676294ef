using Microsoft.Extensions.Logging;
using Swarm.Model;

namespace Swarm.Manager.Certificates;

internal static partial class NodeCertificateAuthorityLog
{
    [LoggerMessage(3200, LogLevel.Information, "Node {NodeId} joined as {Role}")]
    internal static partial void Joined(this ILogger log, string nodeId, NodeRole role);

    [LoggerMessage(3201, LogLevel.Information, "The cluster's root certificate is now {Digest}: every node has a certificate of it")]
    internal static partial void RootChanged(this ILogger log, string digest);

    [LoggerMessage(3202, LogLevel.Warning, "No certificate for node {NodeId}: {Reason}")]
    internal static partial void NotSigned(this ILogger log, string nodeId, string reason);
}

using Microsoft.Extensions.Logging;
using Swarm.Model;

namespace Swarm.Manager.Certificates;

internal static partial class NodeCertificateAuthorityLog
{
    [LoggerMessage(3200, LogLevel.Information, "Node {NodeId} joined as {Role}")]
    internal static partial void Joined(this ILogger log, string nodeId, NodeRole role);
}

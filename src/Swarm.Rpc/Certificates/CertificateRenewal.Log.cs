using Microsoft.Extensions.Logging;
using Swarm.Model;

namespace Swarm.Rpc.Certificates;

internal static partial class CertificateRenewalLog
{
    [LoggerMessage(4100, LogLevel.Information, "Certificate renewed: role {Role}, valid until {NotAfter}")]
    internal static partial void Renewed(this ILogger log, NodeRole role, DateTimeOffset notAfter);

    [LoggerMessage(4101, LogLevel.Warning, "Certificate not renewed, valid until {NotAfter}: {Reason}")]
    internal static partial void NotRenewed(this ILogger log, string reason, DateTimeOffset notAfter);
}

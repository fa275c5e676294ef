using Microsoft.Extensions.Logging;

namespace Swarm.Networking.Nftables;

public sealed partial class NftCoprocess
{
    [LoggerMessage(7001, LogLevel.Warning, "nft was interrupted and will be started again: {Reason}")]
    private static partial void LogInterrupted(ILogger logger, string reason);
}

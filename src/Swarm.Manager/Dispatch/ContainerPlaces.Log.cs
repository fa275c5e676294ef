using Microsoft.Extensions.Logging;

namespace Swarm.Manager.Dispatch;

internal sealed partial class ContainerPlaces
{
    private readonly ILogger _logger = logger;

    [LoggerMessage(4121, LogLevel.Information, "container {Container} of node {Node} is on network {Network}, of which nothing was known here: its place is made again")]
    private partial void LogMadeAgain(string node, string container, string network);
}

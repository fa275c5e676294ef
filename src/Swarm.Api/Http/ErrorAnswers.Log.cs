using Microsoft.Extensions.Logging;

namespace Swarm.Api.Http;

internal sealed partial class ErrorAnswers
{
    [LoggerMessage(1, LogLevel.Error, "{Method} {Path} failed")]
    private partial void Failed(Exception e, string method, string path);

    [LoggerMessage(2, LogLevel.Debug, "{Method} {Path}: the client left")]
    private partial void ClientLeft(Exception e, string method, string path);

    [LoggerMessage(3, LogLevel.Warning, "{Method} {Path} broke off in the middle of its answer")]
    private partial void BrokenOff(Exception e, string method, string path);

    [LoggerMessage(4, LogLevel.Debug, "{Method} {Path} is refused with {Status}: {Message}")]
    private partial void Refused(string method, string path, int status, string message);
}

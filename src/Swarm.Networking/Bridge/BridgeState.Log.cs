using Microsoft.Extensions.Logging;

namespace Swarm.Networking.Bridge;

internal sealed partial class BridgeState
{
    [LoggerMessage(7101, LogLevel.Information, "The network endpoint of container {ContainerId} is removed: {Reason}")]
    private static partial void LogDropped(ILogger logger, string containerId, string reason);

    [LoggerMessage(7102, LogLevel.Warning, "The bridge's rules are stated again from the start: {Reason}")]
    private static partial void LogRebuilding(ILogger logger, string reason);

    [LoggerMessage(7103, LogLevel.Warning, "A published port of running container {ContainerId} could not be held, but stays published: {Reason}")]
    private static partial void LogPortNotHeld(ILogger logger, string containerId, string reason);

    [LoggerMessage(7104, LogLevel.Warning, "Containers run on the bridge with address {Present}; it becomes {Asked} at a start without any")]
    private static partial void LogAddressKept(ILogger logger, InterfaceAddress present, InterfaceAddress asked);

    [LoggerMessage(7106, LogLevel.Error, "The network {Name} was not made: {Reason}")]
    private static partial void LogNotCreated(ILogger logger, string name, string reason);

    [LoggerMessage(7111, LogLevel.Error, "Running container {ContainerId} finds no names: {Reason}")]
    private static partial void LogNoNames(ILogger logger, string containerId, string reason);

    [LoggerMessage(7124, LogLevel.Warning, "The rules of services in container {ContainerId} are stated anew: {Reason}")]
    private static partial void LogRestated(ILogger logger, string containerId, string reason);

    [LoggerMessage(7125, LogLevel.Error, "Running container {ContainerId} does not follow the services that it reaches: {Reason}")]
    private static partial void LogNotServed(ILogger logger, string containerId, string reason);

    [LoggerMessage(7108, LogLevel.Error, "What somebody took from our networks could not be put back: {Reason}")]
    private static partial void LogNotRepaired(ILogger logger, string reason);

    [LoggerMessage(7107, LogLevel.Warning, "Somebody changed what belongs to our networks ({What}); it is put right")]
    private static partial void LogRepairing(ILogger logger, string what);
}

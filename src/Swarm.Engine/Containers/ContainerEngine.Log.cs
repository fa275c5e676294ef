using Microsoft.Extensions.Logging;

namespace Swarm.Engine.Containers;

public sealed partial class ContainerEngine
{
    [LoggerMessage(4011, LogLevel.Warning, "The state of container {Container} is not on the disk, which is full; it is written when there is room")]
    private partial void StateNotSaved(Exception error, string container);

    [LoggerMessage(4012, LogLevel.Error, "The state of container {Container} cannot be written; it is tried again")]
    private partial void StateRefused(Exception error, string container);

    [LoggerMessage(4001, LogLevel.Warning, "The shim of container {Container} is gone without an exit; what is left of it is being killed")]
    private partial void ShimLost(string container);

    [LoggerMessage(4002, LogLevel.Error, "The exit of container {Container} was not handled")]
    private partial void ExitNotHandled(Exception error, string container);

    [LoggerMessage(4003, LogLevel.Warning, "Container {Container} was not restarted")]
    private partial void RestartFailed(Exception error, string container);

    [LoggerMessage(4004, LogLevel.Information, "Container {Container} did not end within {Grace} of its stop signal and is being killed")]
    private partial void GraceOver(string container, TimeSpan grace);

    [LoggerMessage(4005, LogLevel.Debug, "Container {Container} ended before signal {Signal} reached it")]
    private partial void SignalAfterEnd(string container, int signal);

    [LoggerMessage(4006, LogLevel.Warning, "The runtime's state of container {Container} was not removed")]
    private partial void RuntimeDeleteFailed(Exception error, string container);

    [LoggerMessage(4007, LogLevel.Information, "Container {Container} was half made or half removed; removing it")]
    private partial void HalfFound(string container);

    [LoggerMessage(4008, LogLevel.Information, "Container {Container} runs on as process {Pid}")]
    private partial void Adopted(string container, int pid);

    [LoggerMessage(4009, LogLevel.Warning, "The root of container {Container} stays mounted: it could not be unmounted after its files were copied")]
    private partial void RootNotReleased(Exception error, string container);

    [LoggerMessage(4010, LogLevel.Warning, "A compiled seccomp filter could not be kept; the next containers start a little slower")]
    private partial void FilterNotKept(Exception error);

    [LoggerMessage(4013, LogLevel.Information, "Container {Container} is committed without a pause: {Reason}")]
    private partial void NotFrozen(string container, string reason);

    [LoggerMessage(4014, LogLevel.Warning, "The OCI runtime {Path} does not say its version")]
    private partial void RuntimeSaysNothing(Exception error, string path);

    [LoggerMessage(4015, LogLevel.Error, "Container {Container} was found frozen, and cannot be thawed")]
    private partial void NotThawed(Exception error, string container);
}

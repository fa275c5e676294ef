using Microsoft.Extensions.Logging;

namespace Swarm.Engine.Images;

public sealed partial class ImageStore
{
    [LoggerMessage(1, LogLevel.Error, "image {Id} cannot be read and is left out: pull or load it again")]
    private partial void Unreadable(Exception e, string id);

    [LoggerMessage(2, LogLevel.Warning, "layers of image {Id} were missing and are unpacked again")]
    private partial void Repairing(string id);

    [LoggerMessage(3, LogLevel.Warning, "a mirror could not give {Reference}; the next source is asked")]
    internal partial void MirrorFailed(Exception e, string reference);

    [LoggerMessage(4, LogLevel.Warning, "The disk is full: {Free} MiB are left in {Folder}. What needs room is refused until some is made, as by docker rm, rmi and system prune")]
    private partial void DiskIsFull(string folder, long free);
}

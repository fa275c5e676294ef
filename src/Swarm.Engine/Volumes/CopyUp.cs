using Swarm.Engine.Runtime;
using Swarm.Linux;

namespace Swarm.Engine.Volumes;

/// <summary>Fills a new volume with what the image has at its mount point, owners, modes, links and extended attributes included.</summary>
public sealed class CopyUp(RuntimeThread thread)
{
    private const string Copy = "/bin/cp";

    /// <exception cref="EngineException">500: it could not be copied.</exception>
    public async Task FillAsync(string rootfs, string destination, string volumeData, CancellationToken cancellation)
    {
        if (Directory.EnumerateFileSystemEntries(volumeData).Any())
        {
            return;
        }

        // The folder is found as the container would find it, so that no link of the image leads to a file of the host.
        using var source = RootedPath.Open(rootfs, destination, FileDescriptors.PathOnly | FileDescriptors.Directory);
        if (source is null)
        {
            return;
        }

        const int sourceDescriptor = 3;
        var (status, text) = await ChildOutput.CollectAsync(
            output => thread.InvokeAsync(() => ChildProcess.Start(
                Copy,
                [Copy, "--archive", "--one-file-system", $"/proc/self/fd/{sourceDescriptor}/.", volumeData + "/"],
                ["PATH=/usr/bin:/bin"],
                [new(output, 1), new(output, 2), new((int)source.DangerousGetHandle(), sourceDescriptor)],
                newSession: true)),
            cancellation).ConfigureAwait(false);
        if (status.ExitCode != 0)
        {
            throw new EngineException(500, $"failed to populate volume: {text}");
        }
    }
}

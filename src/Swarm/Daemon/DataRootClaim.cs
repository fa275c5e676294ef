namespace Swarm.Daemon;

/// <summary>One daemon per data root: an advisory lock that the kernel lets go when the process ends, however it ends.</summary>
internal static class DataRootClaim
{
    /// <exception cref="IOException">Another daemon has it.</exception>
    internal static IDisposable Take(string dataRoot)
    {
        Directory.CreateDirectory(dataRoot, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        try
        {
            return new FileStream(Path.Combine(dataRoot, "daemon.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException taken)
        {
            throw new IOException($"{dataRoot} belongs to another daemon that runs. Stop it or choose another --data-root.", taken);
        }
    }
}

namespace Swarm.Linux;

/// <summary>A folder by the name that the kernel has for it: mount tables know no symbolic links (/var/run is one to /run).</summary>
public static class RealFolder
{
    /// <summary>Made if it is missing.</summary>
    /// <exception cref="IOException">It cannot be made or opened.</exception>
    public static string Make(string path)
    {
        Directory.CreateDirectory(path);
        var folder = FileDescriptors.Open(path, FileDescriptors.ReadOnly);
        try
        {
            return new FileInfo($"/proc/self/fd/{folder}").LinkTarget ?? throw new IOException($"{path} has no name of its own");
        }
        finally
        {
            FileDescriptors.Close(folder);
        }
    }
}

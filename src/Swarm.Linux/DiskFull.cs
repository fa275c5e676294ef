namespace Swarm.Linux;

/// <summary>A disk without room, in Docker's words.</summary>
public static class DiskFull
{
    private const string Kernel = "No space left on device", Docker = "no space left on device";

    /// <summary>The message of any exception; of ENOSPC with the spelling that scripts look for.</summary>
    public static string Text(Exception failure) => failure.Message.Replace(Kernel + " :", Docker + ":", StringComparison.Ordinal).Replace(Kernel, Docker, StringComparison.Ordinal);
}

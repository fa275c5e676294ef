using System.Globalization;

namespace Swarm.Daemon;

/// <summary>A file with the daemon's process id, for scripts. What a killed daemon left is replaced; one that runs is not.</summary>
internal sealed class PidFile : IDisposable
{
    private readonly string _path;

    private PidFile(string path) => _path = path;

    /// <exception cref="IOException">Another daemon runs by this file, or it cannot be written.</exception>
    public static PidFile Write(string path)
    {
        if (Owner(path) is { } other)
        {
            throw new IOException($"failed to start daemon, ensure docker is not running or delete {path}: process with PID {other.ToString(CultureInfo.InvariantCulture)} is still running");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var text = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        var temporary = $"{path}.{text}";
        File.WriteAllText(temporary, text);
        File.Move(temporary, path, overwrite: true);
        return new PidFile(path);
    }

    public void Dispose() => File.Delete(_path);

    /// <summary>The daemon that the file is of. After a power cut its number may be anybody's: only a process that runs the same program counts.</summary>
    private static int? Owner(string path)
    {
        if (!File.Exists(path) || !int.TryParse(File.ReadAllText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || pid == Environment.ProcessId)
        {
            return null;
        }

        var program = ProgramOf(pid);
        return program is not null && (program == ProgramOf(Environment.ProcessId) || Path.GetFileName(program) == "dockerd") ? pid : null;
    }

    private static string? ProgramOf(int pid)
    {
        try
        {
            return File.ResolveLinkTarget($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/exe", returnFinalTarget: false)?.FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is not there (any more), or is a thread of the kernel.
            return null;
        }
    }
}

using System.Text;

namespace Swarm.Lab.Nodes;

/// <summary>Reads a daemon's log while the daemon writes it.</summary>
public static class LogFile
{
    /// <summary>Looked at from the end; a longer tail is cut.</summary>
    private const int MaxTailBytes = 1024 * 1024;

    public static IReadOnlyList<string> Tail(string path, int lines)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        file.Seek(-Math.Min(file.Length, MaxTailBytes), SeekOrigin.End);
        using var reader = new StreamReader(file, Encoding.UTF8);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(lines)];
    }
}

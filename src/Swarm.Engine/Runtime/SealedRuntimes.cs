using System.Globalization;
using Swarm.Linux;

namespace Swarm.Engine.Runtime;

/// <summary>
/// crun copies itself into sealed memory at each start and starts once more from there, so that no container can write to its file; half of what a
/// start of it costs. Here the copy is made once. Used on the <see cref="RuntimeThread"/> alone.
/// </summary>
internal sealed class SealedRuntimes : IDisposable
{
    private readonly Dictionary<string, Copy> _copies = [];

    /// <summary>The descriptor of a runtime's copy, as new as its file; null if it makes none of itself or none could be made.</summary>
    public int? Of(string path)
    {
        if (!RuntimeCatalog.IsCrun(path))
        {
            return null;
        }

        var version = FileIdentity.Of(path) is { } identity ? (identity, File.GetLastWriteTimeUtc(path)) : default;
        if (!_copies.TryGetValue(path, out var copy) || copy.Version != version)
        {
            copy?.Close();
            copy = _copies[path] = new Copy(version, TryCopy(path));
        }

        return copy.Descriptor;
    }

    /// <summary>What to run for a runtime.</summary>
    public string PathOf(string path) => Of(path) is { } copy ? PathOf(copy) : path;

    /// <summary>A descriptor's program, in a process that has it.</summary>
    public static string PathOf(int descriptor) => string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{descriptor}");

    public void Dispose()
    {
        foreach (var copy in _copies.Values)
        {
            copy.Close();
        }

        _copies.Clear();
    }

    /// <summary>Null, where none can be made or run (SELinux may forbid it): then the file itself is run, which can do without us.</summary>
    private static int? TryCopy(string path)
    {
        var copy = -1;
        try
        {
            copy = SealedCopy.Of(path);
            if (Runs(copy, path))
            {
                return copy;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // As above.
        }

        if (copy >= 0)
        {
            FileDescriptors.Close(copy);
        }

        return null;
    }

    private static bool Runs(int copy, string path) =>
        ChildProcess.Wait(ChildProcess.StartSilently(PathOf(copy), [path, "--version"], [], newSession: true)) is { ExitCode: 0 };

    private sealed record Copy((FileIdentity, DateTime) Version, int? Descriptor)
    {
        public void Close()
        {
            if (Descriptor is { } descriptor)
            {
                FileDescriptors.Close(descriptor);
            }
        }
    }
}

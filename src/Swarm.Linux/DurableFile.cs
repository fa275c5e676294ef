using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Swarm.Linux;

/// <summary>
/// Files that are whole or absent after a crash. .NET swallows the error of a failed fsync (measured, design/engine.md), so fsync(2) is called
/// directly and its failure is an <see cref="IOException"/>: the caller must treat the file as lost.
/// </summary>
public static partial class DurableFile
{
    /// <summary>Writes a temporary beside <paramref name="path"/>, syncs it, renames it into place and syncs the folder.</summary>
    /// <param name="mode">Permission bits of the file, set before any byte is written.</param>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        var temporary = path + ".tmp";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0, UnixCreateMode = mode };
        try
        {
            using (var file = new FileStream(temporary, options))
            {
                file.Write(content);
                Sync(file.SafeFileHandle);
            }
        }
        catch
        {
            File.Delete(temporary); // of a full disk it would keep a piece
            throw;
        }

        Replace(temporary, path);
    }

    /// <summary>Renames an already synced file over <paramref name="path"/> and makes the name durable.</summary>
    public static void Replace(string synced, string path)
    {
        File.Move(synced, path, overwrite: true);
        SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>fsync(2).</summary>
    /// <exception cref="IOException">The kernel could not write: what was written since the last sync may be lost.</exception>
    public static void Sync(SafeFileHandle file)
    {
        if (fsync(file) != 0)
        {
            throw Failure("fsync");
        }
    }

    /// <summary>fdatasync(2): the data and the size, not the times.</summary>
    /// <inheritdoc cref="Sync"/>
    public static void SyncData(SafeFileHandle file)
    {
        if (fdatasync(file) != 0)
        {
            throw Failure("fdatasync");
        }
    }

    /// <summary>Makes the names in a folder durable.</summary>
    /// <inheritdoc cref="Sync"/>
    public static void SyncDirectory(string directory)
    {
        const int readOnlyDirectoryCloseOnExec = 0x10000 | 0x80000;
        using var handle = open(directory, readOnlyDirectoryCloseOnExec);
        if (handle.IsInvalid)
        {
            throw Failure("open " + directory);
        }

        Sync(handle);
    }

    private static IOException Failure(string what) =>
        new($"{what}: {Marshal.GetLastPInvokeErrorMessage()}", Marshal.GetLastPInvokeError());

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(SafeFileHandle fd);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(SafeFileHandle fd);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle open(string path, int flags);
}

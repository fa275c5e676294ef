using Microsoft.Win32.SafeHandles;
using Swarm.Engine.Archives;
using static Swarm.Engine.Archives.DirectoryCalls;

namespace Swarm.Engine.Files;

/// <summary>Places below a root that are made if they are missing, never through a link that leads out of it.</summary>
internal static class RootedFolders
{
    private const int FolderMode = 0x1ED, FileMode = 0x1A4;

    /// <summary>A descriptor of the place itself (O_PATH).</summary>
    /// <exception cref="IOException">Something else is in the way.</exception>
    public static SafeFileHandle OpenOrMake(SafeFileHandle root, byte[] path, bool isFolder)
    {
        if (OpenInRoot(root, path, O_PATH, out var errno) is { } existing)
        {
            return existing;
        }

        if (errno != ENOENT)
        {
            throw Failure("open", path, errno);
        }

        var clean = ArchivePath.Clean(path);
        var (parentPath, name) = ArchivePath.Split(clean);
        using var parent = parentPath.Length == 0
            ? OpenInRoot(root, [], O_PATH | O_DIRECTORY, out errno)
            : OpenOrMake(root, parentPath, isFolder: true);
        Make(parent ?? throw Failure("open", parentPath, errno), name, isFolder);
        return OpenInRoot(root, clean, O_PATH, out errno) ?? throw Failure("open", path, errno);
    }

    private static void Make(SafeFileHandle parent, byte[] name, bool isFolder)
    {
        if (isFolder)
        {
            if (MakeDirectory(parent, name) == 0)
            {
                ChangeModeAt(parent, name, FolderMode);
            }
        }
        else if (MakeNode(parent, name, S_IFREG, 0, 0) == 0)
        {
            ChangeModeAt(parent, name, FileMode);
        }
    }
}

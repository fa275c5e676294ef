using Microsoft.Win32.SafeHandles;
using static Swarm.Engine.Archives.DirectoryCalls;

namespace Swarm.Engine.Files;

/// <summary>How many bytes the files of a tree have, each counted once however many names it has.</summary>
internal static class TreeSize
{
    private const int MaximumDepth = 512;

    /// <summary>0 if there is no such folder, or none any more.</summary>
    public static long Of(string path)
    {
        using var root = TryOpenRoot(path);
        return root is null ? 0 : Of(root, [], 1);
    }

    private static long Of(SafeFileHandle folder, HashSet<(uint, uint, ulong)> linked, int depth)
    {
        long size = 0;
        foreach (var name in Names(folder))
        {
            if (!TryStat(folder, name, out var stat))
            {
                continue;
            }

            if (stat.Kind != S_IFDIR)
            {
                size += stat.Links == 1 || linked.Add((stat.OnDeviceMajor, stat.OnDeviceMinor, stat.Inode)) ? (long)stat.Size : 0;
            }
            else if (depth < MaximumDepth)
            {
                // It may be gone by now: a container is at work here.
                using var child = OpenAt(folder, name, O_DIRECTORY, out _);
                size += child is null ? 0 : Of(child, linked, depth + 1);
            }
        }

        return size;
    }
}

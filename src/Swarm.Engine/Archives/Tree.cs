using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using static Swarm.Engine.Archives.DirectoryCalls;

namespace Swarm.Engine.Archives;

/// <summary>Deletes trees that others made: by descriptors, never through a symbolic link, however deep they are.</summary>
internal static class Tree
{
    /// <summary>Descriptors held at once. What lies deeper is moved up first.</summary>
    private const int MaxDepth = 64;

    /// <summary>Deletes a folder of ours and all in it. Nothing happens if it is not there.</summary>
    public static void Delete(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (!Directory.Exists(Path.GetDirectoryName(full)))
        {
            return;
        }

        using var parent = OpenRoot(Path.GetDirectoryName(full)!);
        Delete(parent, Encoding.UTF8.GetBytes(Path.GetFileName(full)));
    }

    /// <summary>Deletes whatever <paramref name="name"/> is.</summary>
    public static void Delete(SafeFileHandle folder, ReadOnlySpan<byte> name)
    {
        if (!TryStat(folder, name, out var stat))
        {
            return;
        }

        if (stat.Kind != S_IFDIR)
        {
            Expect(Unlink(folder, name, directory: false), name);
            return;
        }

        using (var top = OpenAt(folder, name, O_DIRECTORY, out var errno) ?? throw Failure("open", name, errno))
        {
            var moved = 0;
            Empty(top, top, 1, ref moved);
            while (moved > 0)
            {
                moved = 0;
                using var again = OpenAt(folder, name, O_DIRECTORY, out errno) ?? throw Failure("open", name, errno);
                Empty(again, again, 1, ref moved);
            }
        }

        Expect(Unlink(folder, name, directory: true), name);
    }

    private static void Empty(SafeFileHandle folder, SafeFileHandle top, int depth, ref int moved)
    {
        foreach (var name in Names(folder))
        {
            var result = Unlink(folder, name, directory: false);
            if (result != EISDIR)
            {
                Expect(result, name);
                continue;
            }

            if (depth == MaxDepth)
            {
                var suffix = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);
                Rename(folder, name, top, Encoding.ASCII.GetBytes(suffix));
                moved++;
                continue;
            }

            using (var child = OpenAt(folder, name, O_DIRECTORY, out var errno) ?? throw Failure("open", name, errno))
            {
                Empty(child, top, depth + 1, ref moved);
            }

            Expect(Unlink(folder, name, directory: true), name);
        }
    }

    private static void Expect(int errno, ReadOnlySpan<byte> name)
    {
        if (errno is not (0 or ENOENT))
        {
            throw Failure("unlink", name, errno);
        }
    }
}

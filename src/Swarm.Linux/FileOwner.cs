using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Swarm.Linux;

/// <summary>Who a file belongs to (chown(2)), and the numbers of groups (group(5)).</summary>
public static partial class FileOwner
{
    private const uint Unchanged = uint.MaxValue;

    /// <summary>The group's number; null: this machine has no such group.</summary>
    /// <param name="name">As in /etc/group, or a number.</param>
    public static uint? GroupId(string name)
    {
        var line = File.Exists("/etc/group") ? File.ReadLines("/etc/group").Select(text => text.Split(':')).FirstOrDefault(fields => fields.Length >= 3 && fields[0] == name) : null;
        return uint.TryParse(line is null ? name : line[2], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
    }

    /// <exception cref="IOException">The kernel refused.</exception>
    public static void SetGroup(string path, uint group)
    {
        if (chown(path, Unchanged, group) != 0)
        {
            throw LinuxError.Last($"cannot give {path} to group {group}");
        }
    }

    /// <exception cref="IOException">The kernel refused.</exception>
    public static void Set(SafeFileHandle file, uint uid, uint gid)
    {
        if (fchown(file, uid, gid) != 0)
        {
            throw LinuxError.Last("fchown");
        }
    }

    /// <summary>Of the name itself, also if it is a link.</summary>
    /// <exception cref="IOException">The kernel refused.</exception>
    public static void Set(string path, (uint Uid, uint Gid) owner)
    {
        if (lchown(path, owner.Uid, owner.Gid) != 0)
        {
            throw LinuxError.Last("chown " + path);
        }
    }

    /// <summary>Of an open descriptor.</summary>
    /// <exception cref="IOException">The kernel refused.</exception>
    public static void Set(int descriptor, uint uid, uint gid)
    {
        if (fchown(descriptor, uid, gid) != 0)
        {
            throw LinuxError.Last("fchown");
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchown(int descriptor, uint uid, uint gid);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int lchown(string path, uint user, uint group);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chown(string path, uint user, uint group);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchown(SafeFileHandle file, uint uid, uint gid);
}

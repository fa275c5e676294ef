using System.Runtime.InteropServices;
using System.Text;

namespace Swarm.Lab.Processes;

/// <param name="Root">The part of the file system that is seen here; of a bound namespace its identity, such as net:[4026531840].</param>
/// <param name="Type">File system type: overlay, nsfs, cgroup...</param>
public sealed record MountEntry(string Root, string Target, string Type);

/// <summary>Mounts of this machine (proc_pid_mountinfo(5)) and umount2(2).</summary>
public static partial class MountTable
{
    /// <summary>Where `ip netns` keeps the names of network namespaces (ip-netns(8)).</summary>
    public const string NamespaceFolder = "/run/netns";

    private const int Detach = 2;
    private const int NotMounted = 22;
    private const int NoSuchFile = 2;

    public static IReadOnlyList<MountEntry> Read() =>
        [.. File.ReadLines("/proc/self/mountinfo").Select(Parse)];

    /// <summary>Identity of a named network namespace; null if there is none.</summary>
    public static string? NamespaceAt(string name) =>
        Read().LastOrDefault(m => m.Type == "nsfs" && m.Target == $"{NamespaceFolder}/{name}")?.Root;

    /// <summary>Takes away every mount at or below a folder, the latest first; open files do not prevent it.</summary>
    /// <exception cref="LabException">One stays.</exception>
    public static void DetachBelow(string folder)
    {
        foreach (var mount in Read().Where(m => NodeProcesses.IsInside(m.Target, folder)).Reverse())
        {
            if (umount2(mount.Target, Detach) != 0 && Marshal.GetLastPInvokeError() is not (NotMounted or NoSuchFile) and var error)
            {
                throw new LabException($"cannot unmount {mount.Target}: {Marshal.GetPInvokeErrorMessage(error)}");
            }
        }

        if (Read().FirstOrDefault(m => NodeProcesses.IsInside(m.Target, folder)) is { } left)
        {
            throw new LabException($"{left.Target} is still mounted: nothing below {folder} is deleted");
        }
    }

    /// <summary>Fields: id, parent, device, root, target, options, optional fields, "-", type, source, options.</summary>
    internal static MountEntry Parse(string line)
    {
        var fields = line.Split(' ');
        var separator = Array.IndexOf(fields, "-", 6);
        return new MountEntry(Unescape(fields[3]), Unescape(fields[4]), fields[separator + 1]);
    }

    /// <summary>Space, tab, newline and backslash stand as three octal digits.</summary>
    private static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal))
        {
            return field;
        }

        var text = new StringBuilder(field.Length);
        for (var i = 0; i < field.Length; i++)
        {
            if (field[i] == '\\' && i + 3 < field.Length)
            {
                text.Append((char)(((field[i + 1] - '0') << 6) | ((field[i + 2] - '0') << 3) | (field[i + 3] - '0')));
                i += 3;
            }
            else
            {
                text.Append(field[i]);
            }
        }

        return text.ToString();
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int umount2(string target, int flags);
}

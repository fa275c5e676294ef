using System.Globalization;
using System.Runtime.InteropServices;

namespace Swarm.Linux;

/// <summary>
/// Pages of a program's file that are in this process's memory: proc(5) smaps, madvise(2) with MADV_DONTNEED. Those that nobody has written are the file's
/// own; without them the process finds them again in the page cache at its next step there, at the price of a minor fault for sixteen of them.
/// </summary>
public static partial class ProgramPages
{
    private const int DontNeed = 4;

    /// <summary>Lets go of the code and constants that only the start needed; what is in use comes back by itself.</summary>
    /// <param name="path">A file that this process has mapped.</param>
    /// <returns>Bytes that were resident.</returns>
    public static long Release(string path)
    {
        long released = 0;
        foreach (var mapping in Mappings(File.ReadLines("/proc/self/smaps")).Where(m => m.Path == path && m is { IsWritable: false, Written: 0, Resident: > 0 }).ToList())
        {
            if (madvise((nint)mapping.Start, (nuint)(mapping.End - mapping.Start), DontNeed) != 0)
            {
                throw LinuxError.Last("madvise");
            }

            released += mapping.Resident;
        }

        return released;
    }

    /// <summary>Bytes of a file's unwritable mappings that are resident now.</summary>
    public static long Resident(string path) => Mappings(File.ReadLines("/proc/self/smaps")).Where(m => m.Path == path && !m.IsWritable).Sum(m => m.Resident);

    /// <summary>Of smaps: a line with address range, permissions, offset, device, inode and path, then lines "Name: N kB".</summary>
    internal static IEnumerable<ProgramMapping> Mappings(IEnumerable<string> smaps)
    {
        ProgramMapping? mapping = null;
        foreach (var line in smaps)
        {
            var words = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (words is [var range, { Length: 4 } access, ..] && range.Split('-') is [var start, var end] && ulong.TryParse(end, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var last))
            {
                if (mapping is not null)
                {
                    yield return mapping;
                }

                mapping = new(ulong.Parse(start, NumberStyles.HexNumber, CultureInfo.InvariantCulture), last, access[1] == 'w', words.Length > 5 ? words[5] : "");
            }
            else if (mapping is not null && words is [var name, var size, "kB"])
            {
                var bytes = long.Parse(size, CultureInfo.InvariantCulture) << 10;
                mapping = name switch
                {
                    "Rss:" => mapping with { Resident = bytes },
                    "Private_Dirty:" or "Shared_Dirty:" or "Anonymous:" or "Swap:" => mapping with { Written = mapping.Written + bytes },
                    _ => mapping,
                };
            }
        }

        if (mapping is not null)
        {
            yield return mapping;
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int madvise(nint address, nuint length, int advice);
}

/// <param name="Path">Empty: no file.</param>
internal sealed record ProgramMapping(ulong Start, ulong End, bool IsWritable, string Path)
{
    /// <summary>Bytes.</summary>
    public long Resident { get; init; }

    /// <summary>Bytes that are not the file's any more.</summary>
    public long Written { get; init; }
}

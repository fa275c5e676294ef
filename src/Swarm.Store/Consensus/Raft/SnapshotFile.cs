using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using Swarm.Linux;

namespace Swarm.Store.Consensus.Raft;

/// <summary>
/// A snapshot on disk: magic (8 bytes), index and term (little-endian 64-bit), the state's own bytes, and an XxHash128 of all that. It gets its
/// name only once it is whole and synced, and is verified before every use (design/store.md, H5).
/// </summary>
internal sealed record SnapshotFile(string Path, long Index, long Term)
{
    private const int HeaderSize = 24;
    private const int TrailerSize = 16;
    private static ReadOnlySpan<byte> Magic => "SWRMSNP1"u8;

    internal long Length => new FileInfo(Path).Length;

    internal static string NameOf(string directory, long index, long term) =>
        System.IO.Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{index:D20}-{term:D20}.snapshot"));

    /// <summary>Removes what a crash left half written. Only at start: later a temporary is somebody's work.</summary>
    internal static void RemoveTemporaries(string directory)
    {
        foreach (var path in Directory.EnumerateFiles(directory, "*.tmp"))
        {
            File.Delete(path);
        }
    }

    /// <summary>The newest first.</summary>
    internal static List<SnapshotFile> List(string directory)
    {
        var found = new List<SnapshotFile>();
        foreach (var path in Directory.EnumerateFiles(directory))
        {
            var parts = System.IO.Path.GetFileNameWithoutExtension(path).Split('-');
            if (path.EndsWith(".snapshot", StringComparison.Ordinal) && parts.Length == 2
                && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var term))
            {
                found.Add(new SnapshotFile(path, index, term));
            }
        }

        found.Sort((a, b) => b.Index.CompareTo(a.Index));
        return found;
    }

    /// <summary>Writes the state durably; the file is whole or absent whatever happens.</summary>
    internal static SnapshotFile Write(string directory, long index, long term, Action<Stream> state)
    {
        var path = NameOf(directory, index, term);
        var temporary = path + ".tmp";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            using (var hashing = new HashingStream(file))
            {
                Span<byte> header = stackalloc byte[HeaderSize];
                Magic.CopyTo(header);
                BinaryPrimitives.WriteInt64LittleEndian(header[8..], index);
                BinaryPrimitives.WriteInt64LittleEndian(header[16..], term);
                hashing.Write(header);
                state(hashing);
                hashing.WriteTrailer();
            }

            file.Flush();
            DurableFile.Sync(file.SafeFileHandle);
        }

        DurableFile.Replace(temporary, path);
        return new SnapshotFile(path, index, term);
    }

    /// <summary>Gives a received file, already synced, its name if it is what the leader said it is.</summary>
    /// <exception cref="InvalidDataException">The file is torn or another snapshot.</exception>
    internal static SnapshotFile Adopt(string directory, string received, long index, long term)
    {
        new SnapshotFile(received, index, term).Verify();
        var path = NameOf(directory, index, term);
        DurableFile.Replace(received, path);
        return new SnapshotFile(path, index, term);
    }

    /// <exception cref="InvalidDataException">The file is torn, changed or another snapshot.</exception>
    internal void Verify()
    {
        using var file = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        if (file.Length < HeaderSize + TrailerSize)
        {
            throw Damaged();
        }

        var hash = new XxHash128();
        var buffer = new byte[1 << 16];
        var left = file.Length - TrailerSize;
        var first = true;
        while (left > 0)
        {
            var read = file.Read(buffer, 0, (int)Math.Min(buffer.Length, left));
            if (read == 0 || (first && read < HeaderSize))
            {
                throw Damaged();
            }

            if (first && (!buffer.AsSpan(0, 8).SequenceEqual(Magic) || BinaryPrimitives.ReadInt64LittleEndian(buffer.AsSpan(8)) != Index
                || BinaryPrimitives.ReadInt64LittleEndian(buffer.AsSpan(16)) != Term))
            {
                throw Damaged();
            }

            first = false;
            hash.Append(buffer.AsSpan(0, read));
            left -= read;
        }

        file.ReadExactly(buffer, 0, TrailerSize);
        if (!hash.GetCurrentHash().AsSpan().SequenceEqual(buffer.AsSpan(0, TrailerSize)))
        {
            throw Damaged();
        }
    }

    /// <summary>Hands the state's bytes to <paramref name="restore"/>, after the checksum has proven them whole.</summary>
    internal void Restore(Action<Stream> restore)
    {
        Verify();
        using var file = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        file.Position = HeaderSize;
        restore(file);
    }

    private InvalidDataException Damaged() => new($"the snapshot {System.IO.Path.GetFileName(Path)} is damaged");
}

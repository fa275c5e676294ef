using System.Globalization;
using System.IO.Hashing;

namespace Swarm.Store.Consensus.Raft.Disk;

/// <summary>
/// A snapshot on disk: a sealed file (<see cref="SealedWriter"/>) of the state's own bytes and an XxHash128 of them, which also travels with them to
/// another manager. It gets its name only once it is whole and synced, and every byte is proven before it is used (design/store.md, H5).
/// </summary>
internal sealed record SnapshotFile(string Path, long Index, long Term)
{
    internal const int TrailerSize = 16;

    internal static ReadOnlySpan<byte> Magic => "SWRMSNP2"u8;

    private string Name => "the snapshot " + System.IO.Path.GetFileName(Path);

    internal static string NameOf(string directory, long index, long term) =>
        System.IO.Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{index:D20}-{term:D20}.snapshot"));

    /// <summary>The newest first.</summary>
    internal static List<SnapshotFile> List(string directory)
    {
        var found = new List<SnapshotFile>();
        foreach (var path in Directory.EnumerateFiles(directory, "*.snapshot"))
        {
            var parts = System.IO.Path.GetFileNameWithoutExtension(path).Split('-');
            if (parts.Length == 2
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
    internal static SnapshotFile Write(IRaftDisk disk, DataKeys keys, string directory, long index, long term, Action<Stream> state)
    {
        var path = NameOf(directory, index, term);
        var temporary = path + ".tmp";
        disk.Delete(temporary);
        try
        {
            using (var file = new SealedWriter(disk.Create(temporary), Magic, index, term, keys))
            {
                using (var hashing = new HashingStream(file))
                {
                    state(hashing);
                    hashing.WriteTrailer();
                }

                file.Complete();
            }

            disk.Rename(temporary, path);
        }
        catch (IOException)
        {
            // On a full disk the half of a snapshot would keep the space that the log needs.
            disk.Delete(temporary);
            throw;
        }

        return new SnapshotFile(path, index, term);
    }

    /// <summary>Gives a received file, already synced, its name if it is what the leader said it is.</summary>
    /// <exception cref="InvalidDataException">The file is torn or another snapshot.</exception>
    internal static SnapshotFile Adopt(IRaftDisk disk, DataKeys keys, string directory, string received, long index, long term)
    {
        new SnapshotFile(received, index, term).Verify(disk, keys);
        var path = NameOf(directory, index, term);
        disk.Rename(received, path);
        return new SnapshotFile(path, index, term);
    }

    /// <summary>The bytes that travel to another manager: the state and its hash.</summary>
    /// <exception cref="FileNotFoundException">A newer snapshot took its place.</exception>
    /// <exception cref="InvalidDataException">It is not this snapshot, or damaged.</exception>
    internal SealedReader Open(IRaftDisk disk, DataKeys keys, int withheld = 0)
    {
        var reader = new SealedReader(disk.Open(Path), Name, Magic, keys, withheld);
        if (reader.Index == Index && reader.Term == Term)
        {
            return reader;
        }

        reader.Dispose();
        throw new InvalidDataException($"{Name} is another one");
    }

    /// <summary>Hands the state's bytes to <paramref name="restore"/>; throws after it if what it was given was not everything.</summary>
    /// <exception cref="InvalidDataException">The file is torn, changed or another snapshot.</exception>
    internal void Restore(IRaftDisk disk, DataKeys keys, Action<Stream> restore)
    {
        using var reader = Open(disk, keys, TrailerSize);
        restore(reader);
        reader.Drain();
    }

    private void Verify(IRaftDisk disk, DataKeys keys)
    {
        using var reader = Open(disk, keys);
        var hash = new XxHash128();
        var buffer = new byte[SealedWriter.ChunkSize];
        var left = reader.Length - TrailerSize;
        while (left > 0)
        {
            var read = reader.Read(buffer.AsSpan(0, (int)Math.Min(buffer.Length, left)));
            hash.Append(buffer.AsSpan(0, read));
            left -= read;
        }

        var trailer = buffer.AsSpan(0, TrailerSize);
        if (left < 0 || reader.ReadAtLeast(trailer, TrailerSize, throwOnEndOfStream: false) < TrailerSize || !hash.GetCurrentHash().AsSpan().SequenceEqual(trailer))
        {
            throw new InvalidDataException($"{Name} is damaged");
        }
    }
}

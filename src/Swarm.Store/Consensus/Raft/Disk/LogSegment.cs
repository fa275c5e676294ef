using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Swarm.Store.Consensus.Raft.Disk;

/// <summary>
/// A file of consecutive entries: <see cref="SealedHeader"/> (index and term of the entry before the first), then one <see cref="LogRecord"/> after
/// the other. Only the newest segment is written, and only its file stays open. Not safe from several threads but for <see cref="Read"/> and
/// <see cref="Sync"/>; <see cref="SegmentedLog"/> sees to it.
/// </summary>
internal sealed class LogSegment : IDisposable
{
    private readonly IRaftDisk _disk;
    private readonly byte[] _key;
    private readonly AesGcm _cipher;
    private readonly List<Place> _places = [];

    // A nonce never comes twice under one key: a random beginning for each time the file is opened, and a counter.
    private readonly byte[] _nonce = new byte[LogRecord.NonceSize];
    private uint _written;
    private IDiskFile? _file;

    private LogSegment(IRaftDisk disk, string path, long baseIndex, long baseTerm, byte[] key, IDiskFile? file)
    {
        _disk = disk;
        Path = path;
        BaseIndex = baseIndex;
        BaseTerm = baseTerm;
        _key = key;
        _cipher = LogRecord.CreateCipher(key);
        _file = file;
        RandomNumberGenerator.Fill(_nonce);
    }

    internal static ReadOnlySpan<byte> Magic => "SWRMLOG1"u8;

    internal string Path { get; }

    /// <summary>The entry before the first.</summary>
    internal long BaseIndex { get; }

    internal long BaseTerm { get; }

    internal bool Follows(LogSegment other) => (other.LastIndex, other.LastTerm) == (BaseIndex, BaseTerm);

    internal long LastIndex => BaseIndex + _places.Count;

    internal long LastTerm => _places.Count > 0 ? _places[^1].Term : BaseTerm;

    internal int Count => _places.Count;

    /// <summary>Bytes of the file that hold records.</summary>
    internal long Size { get; private set; } = SealedHeader.Size;

    internal static string NameOf(string directory, long baseIndex) =>
        System.IO.Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{baseIndex + 1:D20}.log"));

    /// <summary>An empty segment; its name is durable when this returns.</summary>
    internal static LogSegment Create(IRaftDisk disk, DataKeys keys, string directory, long baseIndex, long baseTerm)
    {
        var path = NameOf(directory, baseIndex);
        var temporary = path + ".tmp";
        disk.Delete(temporary);
        var key = DataKeys.NewFileKey();
        var file = disk.Create(temporary);
        try
        {
            file.Write(SealedHeader.Create(Magic, baseIndex, baseTerm, key, keys.Current), 0);
            file.Sync();
            disk.Rename(temporary, path);
            return new LogSegment(disk, path, baseIndex, baseTerm, key, file);
        }
        catch (IOException)
        {
            file.Dispose();
            disk.Delete(temporary);
            throw;
        }
    }

    /// <summary>Reads and proves every record. Bytes after the last whole one are cut off if they can only be a write that never ended.</summary>
    /// <param name="isNewest">Only there a torn end may be.</param>
    /// <param name="mark">Up to here the entries were synced and promised.</param>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    internal static LogSegment Open(IRaftDisk disk, DataKeys keys, string path, bool isNewest, long mark)
    {
        var file = disk.Open(path);
        LogSegment? segment = null;
        try
        {
            var (index, term, key) = SealedHeader.Read(file, System.IO.Path.GetFileName(path), Magic, keys);
            segment = new LogSegment(disk, path, index, term, key, file);
            if (isNewest)
            {
                // The process before may have ended between its write and its sync, or because its sync failed: only what comes from the disk counts.
                file.Sync();
                file.DropCache();
            }

            segment.Scan(isNewest, mark);
            if (!isNewest)
            {
                segment.CloseFile();
            }

            return segment;
        }
        catch
        {
            segment?.Dispose();
            file.Dispose();
            throw;
        }
    }

    internal long TermOf(long index) => index == BaseIndex ? BaseTerm : _places[(int)(index - BaseIndex - 1)].Term;

    /// <summary>Appends consecutive entries in one write; not synced. When it throws, the segment is as before.</summary>
    /// <exception cref="IOException">The write failed and left nothing behind.</exception>
    /// <exception cref="BrokenDiskException">Nor could what it left be removed.</exception>
    internal void Append(IReadOnlyList<LogItem> items, long synced)
    {
        var size = 0;
        foreach (var item in items)
        {
            size += LogRecord.SizeOf(item.Content.Length);
        }

        var buffer = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            var at = 0;
            foreach (var item in items)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(_nonce.AsSpan(8), checked(_written++));
                LogRecord.Write(buffer.AsSpan(at), item, synced, _nonce, _cipher);
                at += LogRecord.SizeOf(item.Content.Length);
            }

            Write(buffer.AsSpan(0, size));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        foreach (var item in items)
        {
            _places.Add(new Place(item.Term, Size, item.Content.Length, item.Kind));
            Size += LogRecord.SizeOf(item.Content.Length);
        }
    }

    internal void Sync() => _file?.Sync();

    /// <summary>Drops the entries after <paramref name="index"/>; durable when it returns.</summary>
    internal void TruncateAfter(long index)
    {
        var kept = (int)(index - BaseIndex);
        var size = kept == _places.Count ? Size : _places[kept].Offset;
        _file ??= _disk.Open(Path);
        _file.Truncate(size);
        _file.Sync();
        _places.RemoveRange(kept, _places.Count - kept);
        Size = size;
    }

    internal void CloseFile()
    {
        _file?.Dispose();
        _file = null;
    }

    /// <summary>Where entries lie, to be read without keeping anybody.</summary>
    internal List<Place> PlacesOf(long from, long to) => _places.GetRange((int)(from - BaseIndex - 1), (int)(to - from + 1));

    /// <summary>Reads entries from the file by itself.</summary>
    /// <exception cref="FileNotFoundException">The segment is gone: a snapshot covers it.</exception>
    /// <exception cref="InvalidDataException">A record is not what was written.</exception>
    internal void Read(long from, List<Place> places, List<LogItem> into)
    {
        using var file = _disk.Open(Path);
        using var cipher = LogRecord.CreateCipher(_key);
        var first = places[0].Offset;
        var bytes = new byte[places[^1].Offset + LogRecord.SizeOf(places[^1].Length) - first];
        var read = file.Read(bytes, first);
        for (var i = 0; i < places.Count; i++)
        {
            var place = places[i];
            var content = new byte[place.Length];
            var source = bytes.AsSpan(0, read)[(int)Math.Min(place.Offset - first, read)..];
            if (LogRecord.ReadFields(source) is not { } fields || fields.Length != place.Length || fields.Index != from + i
                || !LogRecord.TryRead(source, fields, cipher, content))
            {
                throw new InvalidDataException($"entry {from + i} in {System.IO.Path.GetFileName(Path)} is damaged");
            }

            into.Add(new LogItem(from + i, place.Term, place.Kind, content));
        }
    }

    public void Dispose()
    {
        CloseFile();
        _cipher.Dispose();
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _file ??= _disk.Open(Path);
        try
        {
            _file.Write(bytes, Size);
        }
        catch (IOException failure)
        {
            try
            {
                _file.Truncate(Size);
            }
            catch (IOException)
            {
                throw new BrokenDiskException(failure);
            }

            throw;
        }
    }

    private void Scan(bool isNewest, long mark)
    {
        var bytes = new byte[_file!.Length];
        var read = bytes.AsSpan(0, _file.Read(bytes, 0));
        var content = new byte[LogRecord.MaxContent];
        var at = SealedHeader.Size;
        while (at < read.Length)
        {
            if (LogRecord.ReadFields(read[at..]) is not { } fields || fields.Index != LastIndex + 1 || fields.Term < LastTerm
                || !LogRecord.TryRead(read[at..], fields, _cipher, content))
            {
                Repair(read[at..], isNewest, mark, content);
                return;
            }

            _places.Add(new Place(fields.Term, at, fields.Length, fields.Kind));
            at += fields.Size;
            Size = at;
        }
    }

    /// <summary>The write of the first broken record never ended, or bytes that were whole have changed.</summary>
    private void Repair(ReadOnlySpan<byte> rest, bool isNewest, long mark, byte[] content)
    {
        var broken = LastIndex + 1;
        if (!isNewest || broken <= mark || WasSynced(rest, broken, content))
        {
            throw new InvalidDataException($"entry {broken} in {System.IO.Path.GetFileName(Path)} is damaged");
        }

        _file!.Truncate(Size);
        _file.Sync();
    }

    private bool WasSynced(ReadOnlySpan<byte> rest, long broken, byte[] content)
    {
        for (var at = LogRecord.Alignment; at < rest.Length; at += LogRecord.Alignment)
        {
            if (LogRecord.ReadFields(rest[at..]) is { } later && later.Index > broken && later.Synced >= broken && later.Synced < later.Index
                && LogRecord.TryRead(rest[at..], later, _cipher, content))
            {
                return true;
            }
        }

        return false;
    }

    /// <param name="Length">Of the content.</param>
    internal readonly record struct Place(long Term, long Offset, int Length, LogItemKind Kind);
}

using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Swarm.Linux;
using Swarm.Model;

namespace Swarm.Agent;

/// <summary>
/// An append log: one write and at most one fdatasync for any number of tasks. Each record is its length, a CRC-32C and a kind with its payload;
/// a torn tail is cut off on load. Rewritten whole once most of it is outdated, if the disk has room for that.
/// </summary>
public sealed class FileJournal : IAgentJournal, IDisposable
{
    private const string FileName = "tasks.log";
    private const int HeaderSize = 8;
    private const byte Kept = 1;
    private const byte Forgotten = 2;

    /// <summary>Size under which the log is never rewritten, bytes.</summary>
    private const long MinCompaction = 1 << 20;

    private readonly Lock _writing = new();
    private readonly string _path;
    private readonly Dictionary<string, byte[]> _live = new(StringComparer.Ordinal);
    private FileStream? _file;
    private long _liveBytes;

    /// <param name="directory">Of this journal alone; made if it does not exist.</param>
    public FileJournal(string directory)
    {
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _path = Path.Combine(directory, FileName);
    }

    /// <inheritdoc/>
    public IReadOnlyList<SwarmTask> Load()
    {
        lock (_writing)
        {
            var whole = Replay(File.Exists(_path) ? File.ReadAllBytes(_path) : []);
            if (!TryCompact())
            {
                Reopen();
                _file!.SetLength(whole);
                _file.Position = whole;
            }

            return [.. _live.Values.Select(record => Codec.Deserialize<SwarmTask>(record.AsMemory(HeaderSize + 1)))];
        }
    }

    /// <inheritdoc/>
    public void Append(IReadOnlyCollection<SwarmTask> tasks, IReadOnlyCollection<string> forgotten, bool durable)
    {
        if (tasks.Count + forgotten.Count == 0)
        {
            return;
        }

        lock (_writing)
        {
            var file = _file ?? throw new InvalidOperationException("the journal is appended to before it was loaded");
            var end = file.Position;
            try
            {
                using var records = new MemoryStream();
                foreach (var task in tasks)
                {
                    var record = Record(Kept, Codec.Serialize(WithoutAuth(task)));
                    Keep(task.Id, record);
                    records.Write(record);
                }

                foreach (var id in forgotten)
                {
                    Drop(id);
                    records.Write(Record(Forgotten, Encoding.UTF8.GetBytes(id)));
                }

                file.Write(records.GetBuffer(), 0, (int)records.Length);
                if (durable)
                {
                    DurableFile.SyncData(file.SafeFileHandle);
                }
            }
            catch (IOException)
            {
                // A half-written record in the middle would hide all that follow it.
                file.SetLength(end);
                file.Position = end;
                throw;
            }

            if (file.Position > MinCompaction && file.Position > 4 * _liveBytes)
            {
                TryCompact();
            }
        }
    }

    public void Dispose()
    {
        lock (_writing)
        {
            _file?.Dispose();
        }
    }

    /// <summary>
    /// Credentials stay off the disk: a daemon that restarts before it has pulled tries without them, and is given another task with them if it needs any.
    /// </summary>
    private static SwarmTask WithoutAuth(SwarmTask task) => task.Spec.Container.RegistryAuth.Length == 0
        ? task
        : task with { Spec = task.Spec with { Container = task.Spec.Container with { RegistryAuth = "" } } };

    /// <returns>Bytes of whole records: what follows them is torn.</returns>
    private long Replay(ReadOnlyMemory<byte> log)
    {
        var whole = 0L;
        while (log.Length >= HeaderSize)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(log.Span);
            if (length < 1 || length > log.Length - HeaderSize)
            {
                break;
            }

            var body = log.Slice(HeaderSize, length);
            if (Checksum(body.Span) != BinaryPrimitives.ReadUInt32LittleEndian(log.Span[4..]))
            {
                break;
            }

            if (body.Span[0] == Kept)
            {
                Keep(Codec.Deserialize<SwarmTask>(body[1..]).Id, log[..(HeaderSize + length)].ToArray());
            }
            else
            {
                Drop(Encoding.UTF8.GetString(body.Span[1..]));
            }

            log = log[(HeaderSize + length)..];
            whole += HeaderSize + length;
        }

        return whole;
    }

    /// <summary>False: the disk has no room for a second one, and the file is as it was.</summary>
    private bool TryCompact()
    {
        using var content = new MemoryStream();
        foreach (var record in _live.Values)
        {
            content.Write(record);
        }

        try
        {
            DurableFile.Write(_path, content.GetBuffer().AsSpan(0, (int)content.Length));
        }
        catch (IOException e) when (LinuxError.IsNoSpace(e))
        {
            return false;
        }

        Reopen();
        _file!.Seek(0, SeekOrigin.End);
        return true;
    }

    private void Reopen()
    {
        _file?.Dispose();
        _file = new FileStream(_path, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, BufferSize = 0 });
    }

    private void Keep(string id, byte[] record)
    {
        Drop(id);
        _live[id] = record;
        _liveBytes += record.Length;
    }

    private void Drop(string id)
    {
        if (_live.Remove(id, out var old))
        {
            _liveBytes -= old.Length;
        }
    }

    private static byte[] Record(byte kind, ReadOnlySpan<byte> payload)
    {
        var record = new byte[HeaderSize + 1 + payload.Length];
        record[HeaderSize] = kind;
        payload.CopyTo(record.AsSpan(HeaderSize + 1));
        BinaryPrimitives.WriteInt32LittleEndian(record, 1 + payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(4), Checksum(record.AsSpan(HeaderSize)));
        return record;
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (var one in bytes)
        {
            crc = BitOperations.Crc32C(crc, one);
        }

        return ~crc;
    }
}

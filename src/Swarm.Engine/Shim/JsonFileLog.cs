using System.Buffers;
using System.Globalization;
using System.Text;
using Swarm.Linux;

namespace Swarm.Engine.Shim;

/// <summary>
/// Docker's json-file: one object per line of output, {"log":"text\n","stream":"stdout","time":"RFC 3339"}. Text that is not UTF-8 becomes
/// U+FFFD. Rotates to name.1, name.2..., which become name.1.gz, name.2.gz... if they are compressed. Records that the disk refuses are dropped: the log must never stop the container.
/// </summary>
/// <param name="attributes">A JSON object that each record repeats; empty: none.</param>
/// <param name="compression">Null: rotated files stay as they are.</param>
public sealed class JsonFileLog(string path, long maximumSize, int maximumFiles, TimeProvider time, byte[] attributes, LogCompression? compression = null)
{
    private const int BufferSize = 64 * 1024, FileMode = 0x1A0, FixedTail = 96, LongestEscape = 6;
    private static ReadOnlySpan<byte> AttributesName => "\"attrs\":"u8;
    private readonly byte[] _buffer = new byte[BufferSize];
    private readonly int _tail = FixedTail + attributes.Length + AttributesName.Length + 1;
    private int _used;
    private int _file = -1;
    private long _size;

    /// <summary>The file ends within a record: one that goes on with the next flush, or one that the disk refused the rest of.</summary>
    private bool _open, _torn;

    /// <summary>The disk refused the beginning of the record that is being added.</summary>
    private bool _lost;

    /// <summary>Opens the log, to go on where an earlier run of the container ended.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public void Open()
    {
        _file = FileDescriptors.Open(path, FileDescriptors.WriteOnly | FileDescriptors.Append | FileDescriptors.Create, FileMode);
        _size = new FileInfo(path).Length;
        _torn = EndsWithinRecord();
    }

    /// <summary>Adds one record, which is written with the next <see cref="Flush"/>, or earlier if the buffer is full.</summary>
    /// <param name="line">At most <see cref="LineSplitter.MaximumLine"/> bytes, without its line end.</param>
    public void Append(ReadOnlySpan<byte> line, bool ended, ShimFrameKind stream)
    {
        if (_buffer.Length - _used < _tail)
        {
            Flush();
        }

        Put("{\"log\":\""u8);
        while (!line.IsEmpty)
        {
            if (_buffer.Length - _used < LongestEscape + _tail)
            {
                Flush(within: true);
            }

            line = line[Escape(line)..];
        }

        Put(ended ? "\\n\",\"stream\":\"std"u8 : "\",\"stream\":\"std"u8);
        Put(stream == ShimFrameKind.Stdout ? "out\","u8 : "err\","u8);
        if (attributes.Length > 0)
        {
            Put(AttributesName);
            Put(attributes);
            Put(","u8);
        }

        Put("\"time\":\""u8);
        time.GetUtcNow().UtcDateTime.TryFormat(_buffer.AsSpan(_used), out var written, "O", CultureInfo.InvariantCulture);
        _used += written;
        Put("\"}\n"u8);
        if (_lost)
        {
            (_used, _lost) = (0, false);
        }
    }

    /// <summary>
    /// Hands everything to the kernel, and rotates if the file is now large enough, or as soon as the one before is compressed: the log waits for nothing. Called between records only.
    /// </summary>
    public void FlushAndRotate()
    {
        Flush();
        if (maximumSize > 0 && _size >= maximumSize && compression?.IsRunning != true)
        {
            Rotate();
            compression?.Start(Numbered(1));
        }
    }

    /// <param name="within">The buffer ends within a record.</param>
    private void Flush(bool within = false)
    {
        var records = _buffer.AsSpan(0, _used);
        _used = 0;
        if (_lost || records.IsEmpty)
        {
            return;
        }

        if (_torn && Write("\n"u8) == 0)
        {
            _lost = within;
            return;
        }

        _torn = false;
        var written = Write(records);
        var whole = written == records.Length;
        _torn = !whole && (written == 0 ? _open : records[written - 1] != '\n');
        _open = whole && within;
        _lost = !whole && within;
    }

    /// <summary>How much of it the disk took.</summary>
    private int Write(ReadOnlySpan<byte> bytes)
    {
        var written = 0;
        while (written < bytes.Length)
        {
            var count = FileDescriptors.Write(_file, bytes[written..]);
            if (count < 0 && count != -LinuxError.Interrupted)
            {
                break;
            }

            written += Math.Max(count, 0);
        }

        _size += written;
        return written;
    }

    /// <summary>Writes the first character of <paramref name="text"/> (or a run of plain ones) and answers how many bytes it took.</summary>
    private int Escape(ReadOnlySpan<byte> text)
    {
        var room = Math.Min(text.Length, _buffer.Length - _used - _tail);
        var plain = text[..room].IndexOfAnyExcept(Plain);
        plain = plain < 0 ? room : plain;
        if (plain > 0)
        {
            Put(text[..plain]);
            return plain;
        }

        var status = Rune.DecodeFromUtf8(text, out var rune, out var consumed);
        if (status != OperationStatus.Done)
        {
            Put("\\ufffd"u8);
            return consumed;
        }

        switch (rune.Value)
        {
            case '"': Put("\\\""u8); break;
            case '\\': Put("\\\\"u8); break;
            case '\n': Put("\\n"u8); break;
            case '\r': Put("\\r"u8); break;
            case '\t': Put("\\t"u8); break;
            case < 0x20 or '<' or '>' or '&' or 0x2028 or 0x2029:
                Put("\\u"u8);
                rune.Value.TryFormat(_buffer.AsSpan(_used), out var digits, "x4", CultureInfo.InvariantCulture);
                _used += digits;
                break;
            default: Put(text[..consumed]); break;
        }

        return consumed;
    }

    /// <summary>As after a power cut, or when the disk was full.</summary>
    private bool EndsWithinRecord()
    {
        Span<byte> last = [(byte)'\n'];
        using var file = File.OpenHandle(path, System.IO.FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        _ = RandomAccess.Read(file, last, Math.Max(_size - 1, 0));
        return last[0] != '\n';
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    private void Rotate()
    {
        FileDescriptors.Close(_file);
        if (maximumFiles <= 1)
        {
            FileDescriptors.Unlink(path);
        }
        else
        {
            FileDescriptors.Unlink(Numbered(maximumFiles - 1));
            FileDescriptors.Unlink(Numbered(maximumFiles - 1) + LogCompression.Extension);
        }

        for (var i = maximumFiles - 1; i > 0; i--)
        {
            FileDescriptors.Rename(i == 1 ? path : Numbered(i - 1), Numbered(i));
            if (i > 1)
            {
                FileDescriptors.Rename(Numbered(i - 1) + LogCompression.Extension, Numbered(i) + LogCompression.Extension);
            }
        }

        Open();
    }

    private string Numbered(int number) => path + "." + number.ToString(CultureInfo.InvariantCulture);

    private static readonly SearchValues<byte> Plain = SearchValues.Create(
        " !#$%'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"u8);
}

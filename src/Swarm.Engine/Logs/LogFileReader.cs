using Microsoft.Win32.SafeHandles;

namespace Swarm.Engine.Logs;

/// <summary>Whole lines of one file, from where it stood last; a line that is being written is left for later.</summary>
internal sealed class LogFileReader(SafeFileHandle file, long position) : IDisposable
{
    private const int FirstBuffer = 64 * 1024;

    // A record of 16 KB of control characters is six times as long; more than this is not a log of ours.
    private const int LongestRecord = 256 * 1024;
    private byte[] _buffer = new byte[FirstBuffer];
    private int _start, _end;
    private long _position = position;

    /// <summary>False at the end of what is written so far.</summary>
    public bool TryRead(out LogLine line)
    {
        while (true)
        {
            var lineEnd = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (lineEnd >= 0)
            {
                var parsed = JsonLogLine.Parse(_buffer.AsSpan(_start, lineEnd));
                _start += lineEnd + 1;
                if (parsed is { } whole)
                {
                    line = whole;
                    return true;
                }

                continue;
            }

            if (!Fill())
            {
                line = default;
                return false;
            }
        }
    }

    public void Dispose() => file.Dispose();

    private bool Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            if (_buffer.Length >= LongestRecord)
            {
                _end = 0;
            }
            else
            {
                Array.Resize(ref _buffer, _buffer.Length * 2);
            }
        }

        var count = RandomAccess.Read(file, _buffer.AsSpan(_end), _position);
        _position += count;
        _end += count;
        return count > 0;
    }
}

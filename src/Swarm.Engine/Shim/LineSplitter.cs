namespace Swarm.Engine.Shim;

/// <summary>
/// Cuts one output stream into log records: a line, or a piece of 16 KB of a longer one (without line end), or what is left at the end.
/// </summary>
public sealed class LineSplitter(JsonFileLog log, ShimFrameKind stream)
{
    /// <summary>As Docker cuts them.</summary>
    public const int MaximumLine = 16 * 1024;
    private byte[]? _partial;
    private int _length;

    public void Write(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            var end = data.IndexOf((byte)'\n');
            var take = Math.Min(end < 0 ? data.Length : end, MaximumLine - _length);
            var ended = take == end;
            if (!ended && _length + take < MaximumLine)
            {
                Keep(data);
                return;
            }

            if (_length == 0)
            {
                log.Append(data[..take], ended, stream);
            }
            else
            {
                Keep(data[..take]);
                log.Append(_partial.AsSpan(0, _length), ended, stream);
                _length = 0;
            }

            data = data[(ended ? take + 1 : take)..];
        }
    }

    /// <summary>The stream has ended: what has no line end is logged as it is.</summary>
    public void Finish()
    {
        if (_length > 0)
        {
            log.Append(_partial.AsSpan(0, _length), ended: false, stream);
            _length = 0;
        }
    }

    private void Keep(ReadOnlySpan<byte> data)
    {
        _partial ??= new byte[MaximumLine];
        data.CopyTo(_partial.AsSpan(_length));
        _length += data.Length;
    }
}

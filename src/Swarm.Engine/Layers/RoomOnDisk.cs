namespace Swarm.Engine.Layers;

/// <summary>
/// Keeps an archive from filling the disk: a few megabytes of gzip can be thousands of times as much, and nobody says beforehand how much. What the
/// daemon itself needs to go on stays free.
/// </summary>
/// <param name="free">Bytes that a folder's file system has free.</param>
internal sealed class RoomOnDisk(string folder, Func<string, long> free)
{
    /// <summary>Bytes that an archive must leave free.</summary>
    public const long Reserve = 256L << 20;

    /// <summary>Bytes between two looks at the disk: others write to it too.</summary>
    private const long Stride = 64L << 20;

    private long _taken;
    private long _granted;

    /// <param name="bytes">About to be written.</param>
    /// <exception cref="IOException">There is no room for them.</exception>
    public void Take(long bytes)
    {
        _taken += bytes;
        if (_taken <= _granted)
        {
            return;
        }

        var left = free(folder);
        if (left - bytes < Reserve)
        {
            throw new IOException($"no space left on device: {_taken >> 20} MiB of a layer were unpacked into {folder}, where {left >> 20} MiB are free and {Reserve >> 20} MiB are kept free");
        }

        _granted = _taken + Math.Min(Stride, left - bytes - Reserve);
    }
}

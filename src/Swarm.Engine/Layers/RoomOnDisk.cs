using Swarm.Linux;

namespace Swarm.Engine.Layers;

/// <summary>
/// Keeps an archive from filling the disk: a few megabytes of gzip can be thousands of times as much, and nobody says beforehand how much. What the
/// daemon itself needs to go on stays free.
/// </summary>
/// <param name="measure">The file system of a folder.</param>
/// <param name="what">In the refusal.</param>
internal sealed class RoomOnDisk(string folder, Func<string, DiskSpace> measure, string what)
{
    private const long MaxReserve = 256L << 20;

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

        var disk = measure(folder);
        var reserve = Reserve(disk.Total);
        if (disk.Free - bytes < reserve)
        {
            throw new IOException(
                $"no space left on device: {_taken >> 20} MiB of {what} were to go to {folder}, where {disk.Free >> 20} MiB are free and {reserve >> 20} MiB are kept free",
                LinuxError.NoSpace);
        }

        _granted = _taken + Math.Min(Stride, disk.Free - bytes - reserve);
    }

    /// <summary>Bytes that an archive must leave free of a disk of so many.</summary>
    public static long Reserve(long total) => Math.Min(MaxReserve, total / 16);
}

/// <summary>Bytes of a file system, those that are free for us and all of them.</summary>
internal readonly record struct DiskSpace(long Free, long Total)
{
    public static DiskSpace Of(string folder)
    {
        var drive = new DriveInfo(folder);
        return new DiskSpace(drive.AvailableFreeSpace, drive.TotalSize);
    }
}

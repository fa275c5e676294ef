using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Swarm.Linux;

namespace Swarm.Lab.Disks;

/// <summary>
/// A file as a block device (loop(4)). Always with LO_FLAGS_AUTOCLEAR: the kernel takes the device away with its last user, so neither a crash
/// of ours nor a lazy unmount leaves one behind, and a device that is still there tells that the file system is still in use.
/// </summary>
internal static partial class LoopDevice
{
    // linux/loop.h
    private const nuint GetFree = 0x4C82, Configure = 0x4C0A;
    private const uint AutoClear = 4;

    /// <summary>struct loop_config: fd and block size, struct loop_info64 (232 bytes), eight reserved words; and where we write in it.</summary>
    private const int ConfigSize = 8 + 232 + 64, FlagsAt = 8 + 52, NameAt = 8 + 56, NameSize = 64;

    private const int Busy = 16;

    /// <summary>Others take free devices at the same time: more rounds than labs can have disks.</summary>
    private const int MaxRounds = 64;

    private const string ControlPath = "/dev/loop-control";
    private const string BlockFolder = "/sys/block";

    /// <summary>A new device over the file. It vanishes when the descriptor is closed, unless it is mounted by then.</summary>
    /// <exception cref="IOException">The kernel has no loop devices, or refuses.</exception>
    public static (string Path, int Descriptor) Attach(string file)
    {
        var control = FileDescriptors.Open(ControlPath, FileDescriptors.ReadWrite);
        var backing = -1;
        try
        {
            backing = FileDescriptors.Open(file, FileDescriptors.ReadWrite);
            for (var round = 0; round < MaxRounds; round++)
            {
                var number = ioctl(control, GetFree, 0);
                if (number < 0)
                {
                    throw LinuxError.Last("find a free loop device");
                }

                var path = $"/dev/loop{number}";
                var device = FileDescriptors.Open(path, FileDescriptors.ReadWrite);
                if (ioctl(device, Configure, ref MemoryMarshal.GetArrayDataReference(Config(backing, file))) == 0)
                {
                    return (path, device);
                }

                var error = Marshal.GetLastPInvokeError();
                FileDescriptors.Close(device);
                if (error != Busy)
                {
                    throw LinuxError.Of($"make {path} of {file}", error);
                }
            }

            throw new IOException($"no loop device for {file}: others took {MaxRounds} free ones first");
        }
        finally
        {
            FileDescriptors.Close(control);
            if (backing >= 0)
            {
                FileDescriptors.Close(backing);
            }
        }
    }

    /// <summary>The devices over files at or below a path, such as loop3.</summary>
    public static IReadOnlyList<string> Over(string path) =>
        Directory.Exists(BlockFolder)
            ? [.. Directory.EnumerateDirectories(BlockFolder, "loop*").Where(d => BackingFile(d) is { } file && Processes.NodeProcesses.IsInside(file, path)).Select(d => Path.GetFileName(d))]
            : [];

    /// <summary>Null if the device has no file now.</summary>
    private static string? BackingFile(string device)
    {
        try
        {
            var text = File.ReadAllText(Path.Combine(device, "loop", "backing_file")).TrimEnd('\n');
            return text.EndsWith(" (deleted)", StringComparison.Ordinal) ? text[..^" (deleted)".Length] : text;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (IOException)
        {
            // It was let go between the open and the read.
            return null;
        }
    }

    private static byte[] Config(int backing, string file)
    {
        var config = new byte[ConfigSize];
        BinaryPrimitives.WriteInt32LittleEndian(config, backing);
        BinaryPrimitives.WriteUInt32LittleEndian(config.AsSpan(FlagsAt), AutoClear);
        var name = Encoding.UTF8.GetBytes(file);
        name.AsSpan(0, Math.Min(name.Length, NameSize - 1)).CopyTo(config.AsSpan(NameAt));
        return config;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int descriptor, nuint request, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int descriptor, nuint request, ref byte argument);
}

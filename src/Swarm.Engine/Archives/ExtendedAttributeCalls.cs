using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Swarm.Engine.Archives;

/// <summary>xattr(7), setxattr(2), getxattr(2), listxattr(2). Never follows a symbolic link.</summary>
internal static unsafe partial class ExtendedAttributeCalls
{
    public const string OverlayOpaque = "trusted.overlay.opaque";
    public const string OverlayPrefix = "trusted.overlay.";

    /// <summary>The kernel's own bound of a value, and of a list of names.</summary>
    private const int MaxSize = 64 * 1024;

    /// <summary>Answers 0, or EOPNOTSUPP where the file system has none.</summary>
    public static int Set(SafeFileHandle file, string name, ReadOnlySpan<byte> value, ReadOnlySpan<byte> fileName)
    {
        fixed (byte* bytes = value)
        {
            return Expect(fsetxattr(file, name, bytes, value.Length, 0), name, fileName);
        }
    }

    /// <inheritdoc cref="Set"/>
    public static int SetAt(SafeFileHandle folder, ReadOnlySpan<byte> fileName, string name, ReadOnlySpan<byte> value)
    {
        var path = Path(folder, fileName);
        fixed (byte* bytes = value, pathBytes = path)
        {
            return Expect(lsetxattr(pathBytes, name, bytes, value.Length, 0), name, fileName);
        }
    }

    public static List<string> NamesAt(SafeFileHandle folder, ReadOnlySpan<byte> fileName)
    {
        var path = Path(folder, fileName);
        var buffer = new byte[MaxSize];
        fixed (byte* pathBytes = path, bytes = buffer)
        {
            var length = llistxattr(pathBytes, bytes, MaxSize);
            if (length < 0)
            {
                return Marshal.GetLastPInvokeError() == DirectoryCalls.EOPNOTSUPP ? [] : throw DirectoryCalls.Failure("listxattr", fileName);
            }

            return [.. Encoding.UTF8.GetString(buffer, 0, (int)length).Split('\0', StringSplitOptions.RemoveEmptyEntries)];
        }
    }

    /// <summary>Of an open file; null if it is not set.</summary>
    public static byte[]? GetOf(SafeFileHandle file, string name)
    {
        var buffer = new byte[MaxSize];
        fixed (byte* bytes = buffer)
        {
            var length = fgetxattr(file, name, bytes, MaxSize);
            if (length >= 0)
            {
                return buffer[..(int)length];
            }

            return Marshal.GetLastPInvokeError() is DirectoryCalls.ENODATA or DirectoryCalls.EOPNOTSUPP
                ? null
                : throw DirectoryCalls.Failure($"getxattr {name} of", default);
        }
    }

    /// <summary>Null if it is not set.</summary>
    public static byte[]? GetAt(SafeFileHandle folder, ReadOnlySpan<byte> fileName, string name)
    {
        var path = Path(folder, fileName);
        var buffer = new byte[MaxSize];
        fixed (byte* pathBytes = path, bytes = buffer)
        {
            var length = lgetxattr(pathBytes, name, bytes, MaxSize);
            if (length < 0)
            {
                return Marshal.GetLastPInvokeError() is DirectoryCalls.ENODATA or DirectoryCalls.EOPNOTSUPP
                    ? null
                    : throw DirectoryCalls.Failure($"getxattr {name}", fileName);
            }

            return buffer[..(int)length];
        }
    }

    private static byte[] Path(SafeFileHandle folder, ReadOnlySpan<byte> fileName) =>
        [.. Encoding.ASCII.GetBytes(DirectoryCalls.DescriptorPath(folder)), (byte)'/', .. fileName, 0];

    private static int Expect(int result, string name, ReadOnlySpan<byte> fileName)
    {
        if (result == 0)
        {
            return 0;
        }

        return Marshal.GetLastPInvokeError() == DirectoryCalls.EOPNOTSUPP
            ? DirectoryCalls.EOPNOTSUPP
            : throw DirectoryCalls.Failure($"setxattr {name}", fileName);
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int fsetxattr(SafeFileHandle file, string name, byte* value, nint size, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int lsetxattr(byte* path, string name, byte* value, nint size, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint llistxattr(byte* path, byte* list, nint size);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint lgetxattr(byte* path, string name, byte* value, nint size);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint fgetxattr(SafeFileHandle file, string name, byte* value, nint size);
}

using Microsoft.Win32.SafeHandles;
using static Swarm.Engine.Archives.DirectoryCalls;

namespace Swarm.Engine.Archives;

/// <summary>
/// Turns the whiteouts of a layer's archive into those of overlayfs (kernel documentation, filesystems/overlayfs.rst, "whiteouts and
/// opaque directories"): a device 0,0 hides a name, trusted.overlay.opaque=y hides what is below a folder. They hide only lower layers,
/// in whatever order the archive names them.
/// </summary>
internal sealed class OverlayWhiteouts
{
    private static ReadOnlySpan<byte> Prefix => ".wh."u8;

    private static ReadOnlySpan<byte> MetadataPrefix => ".wh..wh."u8;

    private static ReadOnlySpan<byte> Opaque => ".wh..wh..opq"u8;

    private readonly HashSet<string> _hidden = [];

    /// <summary>True if the name was a whiteout and is dealt with.</summary>
    public bool Apply(SafeFileHandle folder, byte[] folderPath, byte[] name)
    {
        if (!name.AsSpan().StartsWith(Prefix))
        {
            return false;
        }

        if (name.AsSpan().SequenceEqual(Opaque))
        {
            SetOpaque(folder, folderPath);
            return true;
        }

        // Book-keeping of aufs, which some old images still carry.
        if (name.AsSpan().StartsWith(MetadataPrefix))
        {
            return true;
        }

        var hidden = name[Prefix.Length..];
        if (hidden is [] or [(byte)'.'] or [(byte)'.', (byte)'.'])
        {
            throw new InvalidDataException("invalid whiteout in a layer: it names no file");
        }

        if (MakeNode(folder, hidden, S_IFCHR, 0, 0) != EEXIST)
        {
            _hidden.Add(Key([.. folderPath, (byte)'/', .. hidden]));
        }
        else if (OpenAt(folder, hidden, O_DIRECTORY, out _) is { } existing)
        {
            // The layer both removes the folder below and has its own: only its own may be seen.
            using (existing)
            {
                SetOpaque(existing, hidden);
            }
        }

        return true;
    }

    /// <summary>A folder took the place of a whiteout of this layer.</summary>
    public void FolderMade(SafeFileHandle folder, byte[] path)
    {
        if (_hidden.Count > 0 && _hidden.Remove(Key(path.Contains((byte)'/') ? path : [(byte)'/', .. path])))
        {
            SetOpaque(folder, path);
        }
    }

    private static string Key(byte[] path) => Convert.ToHexString(path);

    private static void SetOpaque(SafeFileHandle folder, byte[] name)
    {
        if (ExtendedAttributeCalls.Set(folder, ExtendedAttributeCalls.OverlayOpaque, "y"u8, name) == EOPNOTSUPP)
        {
            throw Failure($"setxattr {ExtendedAttributeCalls.OverlayOpaque} on", name, EOPNOTSUPP);
        }
    }
}

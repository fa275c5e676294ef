namespace Swarm.Engine.Archives;

/// <summary>Names in archives, made relative to the root that they are extracted to.</summary>
internal static class ArchivePath
{
    /// <summary>Without ".", "..", doubled and outer slashes; empty is the root itself.</summary>
    /// <param name="confine">A ".." at the root stays there, as for a process whose root it is.</param>
    /// <exception cref="InvalidDataException">It leads out of the root, or holds a zero byte.</exception>
    public static byte[] Clean(ReadOnlySpan<byte> name, bool confine = false)
    {
        var clean = new byte[name.Length];
        var length = 0;
        if (name.Contains((byte)0))
        {
            throw new InvalidDataException("archive member's name has a zero byte");
        }

        foreach (var range in name.Split((byte)'/'))
        {
            var part = name[range];
            if (part.IsEmpty || part.SequenceEqual("."u8))
            {
                continue;
            }

            if (part.SequenceEqual(".."u8))
            {
                if (length == 0 && confine)
                {
                    continue;
                }

                if (length == 0)
                {
                    throw new InvalidDataException($"archive member \"{System.Text.Encoding.UTF8.GetString(name)}\" is outside of its root");
                }

                length = Math.Max(clean.AsSpan(0, length).LastIndexOf((byte)'/'), 0);
                continue;
            }

            if (length > 0)
            {
                clean[length++] = (byte)'/';
            }

            part.CopyTo(clean.AsSpan(length));
            length += part.Length;
        }

        return clean.AsSpan(0, length).ToArray();
    }

    public static (byte[] Folder, byte[] Name) Split(byte[] clean)
    {
        var slash = Array.LastIndexOf(clean, (byte)'/');
        return slash < 0 ? ([], clean) : (clean[..slash], clean[(slash + 1)..]);
    }
}

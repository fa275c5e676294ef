using System.Collections.Immutable;
using System.Text;

namespace Swarm.Engine.Archives;

/// <summary>Type flags of a tar header (POSIX.1-2017, pax, "ustar Interchange Format").</summary>
public enum TarEntryType : byte
{
    File = (byte)'0',
    HardLink = (byte)'1',
    SymbolicLink = (byte)'2',
    CharacterDevice = (byte)'3',
    BlockDevice = (byte)'4',
    Directory = (byte)'5',
    Fifo = (byte)'6',
}

/// <summary>One member of a tar archive. Names are bytes, as the kernel's are: they need not be UTF-8.</summary>
public sealed record TarEntry
{
    public required TarEntryType Type { get; init; }

    /// <summary>As written in the archive, except that a trailing slash is gone.</summary>
    public required byte[] Name { get; init; }

    /// <summary>Target of a hard or symbolic link.</summary>
    public byte[] LinkName { get; init; } = [];

    /// <summary>Permission bits, with set-uid, set-gid and sticky: 0 to 07777 octal.</summary>
    public int Mode { get; init; }
    public uint Uid { get; init; }
    public uint Gid { get; init; }

    /// <summary>Bytes of content that follow; 0 for everything but files.</summary>
    public long Size { get; init; }
    public TarTime Modified { get; init; }
    public uint DeviceMajor { get; init; }
    public uint DeviceMinor { get; init; }
    public ImmutableArray<TarAttribute> ExtendedAttributes { get; init; } = [];

    /// <summary>For messages and for members whose names are known to be ASCII.</summary>
    public string NameText => Encoding.UTF8.GetString(Name);
}

/// <param name="Seconds">Since 1970, UTC; negative before.</param>
public readonly record struct TarTime(long Seconds, int Nanoseconds = 0);

/// <summary>An extended attribute (xattr(7)); the value is binary.</summary>
public sealed record TarAttribute(string Name, byte[] Value);

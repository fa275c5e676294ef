using System.Collections.Immutable;
using Microsoft.Win32.SafeHandles;
using Swarm.Engine.UserNamespaces;
using static Swarm.Engine.Archives.DirectoryCalls;

namespace Swarm.Engine.Archives;

/// <summary>Writes a folder as a tar archive, names in byte order, so that the same tree gives the same archive.</summary>
public sealed class TreeArchiver
{
    private const int ChunkSize = 256 * 1024;

    /// <summary>Folders within folders; each holds a descriptor while it is walked.</summary>
    private const int MaxDepth = 512;

    private readonly TarWriter _writer;
    private readonly WhiteoutForm _whiteouts;
    private readonly byte[] _chunk = new byte[ChunkSize];
    private readonly Dictionary<(uint, uint, ulong), byte[]> _linked = [];
    private readonly IdMap _ids;
    private byte[] _rootPrefix = [];

    private TreeArchiver(TarWriter writer, WhiteoutForm whiteouts, IdMap ids)
    {
        _writer = writer;
        _whiteouts = whiteouts;
        _ids = ids;
    }

    /// <summary>Writes what is in <paramref name="root"/>, and the end of the archive.</summary>
    /// <param name="whiteouts">
    /// <see cref="WhiteoutForm.Overlay"/>: the tree is an overlay's upper folder and its whiteouts become `.wh.` names.
    /// </param>
    /// <param name="ids">The owners in the archive are a container's; null: those on disk.</param>
    public static void Write(string root, Stream output, WhiteoutForm whiteouts = WhiteoutForm.Literal, IdMap? ids = null)
    {
        var writer = new TarWriter(output);
        using (var folder = OpenRoot(root))
        {
            new TreeArchiver(writer, whiteouts, ids ?? IdMap.None).WriteFolder(folder, [], 1);
        }

        writer.Finish();
    }

    /// <summary>
    /// Writes one file, or a folder with all in it (its name is then "."), under a name of the caller's choice. The empty name stands for a root:
    /// everything in it begins with a slash, as Docker's archives of "/" have it.
    /// </summary>
    internal static void WriteAs(SafeFileHandle folder, byte[] name, byte[] asName, Stream output, IdMap ids)
    {
        var writer = new TarWriter(output);
        var archiver = new TreeArchiver(writer, WhiteoutForm.Literal, ids) { _rootPrefix = [(byte)'/'] };
        if (!TryStat(folder, name, out var stat))
        {
            throw Failure("open", name, ENOENT);
        }

        archiver.WriteMember(folder, name, asName, stat, 1);
        writer.Finish();
    }

    private void WriteFolder(SafeFileHandle folder, byte[] path, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new IOException($"folders are nested more than {MaxDepth} deep");
        }

        var names = Names(folder);
        names.Sort(static (left, right) => left.AsSpan().SequenceCompareTo(right));
        foreach (var name in names)
        {
            if (TryStat(folder, name, out var stat))
            {
                WriteMember(folder, name, path.Length == 0 ? [.. _rootPrefix, .. name] : [.. path, (byte)'/', .. name], stat, depth);
            }
        }
    }

    private void WriteMember(SafeFileHandle folder, byte[] name, byte[] path, Stat stat, int depth)
    {
        if (_whiteouts == WhiteoutForm.Overlay && stat is { Kind: S_IFCHR, DeviceMajor: 0, DeviceMinor: 0 })
        {
            var (parent, hidden) = ArchivePath.Split(path);
            _writer.Write(Plain(parent.Length == 0 ? [.. ".wh."u8, .. hidden] : [.. parent, (byte)'/', .. ".wh."u8, .. hidden], stat), []);
            return;
        }

        // A socket has no meaning outside of the process that made it, and tar has no type for it.
        if (TypeOf(stat.Kind) is not { } type)
        {
            return;
        }

        var entry = Plain(path, stat) with
        {
            Type = type,
            Mode = stat.Mode & 0xFFF,
            DeviceMajor = stat.DeviceMajor,
            DeviceMinor = stat.DeviceMinor,
            ExtendedAttributes = Attributes(folder, name),
        };
        if (stat.Links > 1 && type != TarEntryType.Directory)
        {
            var key = (stat.OnDeviceMajor, stat.OnDeviceMinor, stat.Inode);
            if (_linked.TryGetValue(key, out var first))
            {
                _writer.Write(entry with { Type = TarEntryType.HardLink, LinkName = first, ExtendedAttributes = [] });
                return;
            }

            _linked.Add(key, path);
        }

        switch (type)
        {
            case TarEntryType.Directory:
                WriteSubfolder(folder, name, entry, depth);
                break;
            case TarEntryType.File:
                WriteFile(folder, name, entry);
                break;
            case TarEntryType.SymbolicLink:
                _writer.Write(entry with { LinkName = ReadLink(folder, name) });
                break;
            default:
                _writer.Write(entry);
                break;
        }
    }

    private void WriteSubfolder(SafeFileHandle parent, byte[] name, TarEntry entry, int depth)
    {
        _writer.Write(entry);
        using var folder = OpenAt(parent, name, O_DIRECTORY, out var errno) ?? throw Failure("open", name, errno);
        if (_whiteouts == WhiteoutForm.Overlay
            && ExtendedAttributeCalls.GetAt(parent, name, ExtendedAttributeCalls.OverlayOpaque) is [(byte)'y'])
        {
            _writer.Write(new TarEntry { Type = TarEntryType.File, Name = [.. entry.Name, .. "/.wh..wh..opq"u8], Modified = entry.Modified }, []);
        }

        WriteFolder(folder, entry.Name, depth + 1);
    }

    private void WriteFile(SafeFileHandle folder, byte[] name, TarEntry entry)
    {
        using var file = OpenAt(folder, name, O_NONBLOCK, out var errno) ?? throw Failure("open", name, errno);
        var stat = StatOf(file);
        if (stat.Kind != S_IFREG)
        {
            throw new IOException($"{entry.NameText} changed while it was archived");
        }

        var left = (long)stat.Size;
        _writer.Write(entry with { Size = left });
        while (left > 0)
        {
            var length = Read(file, _chunk.AsSpan(0, (int)Math.Min(left, _chunk.Length)), name);
            if (length == 0)
            {
                throw new IOException($"{entry.NameText} became shorter while it was archived");
            }

            _writer.WriteContent(_chunk.AsSpan(0, length));
            left -= length;
        }
    }

    private TarEntry Plain(byte[] path, in Stat stat)
    {
        var (uid, gid) = _ids.ToContainer(stat.Uid, stat.Gid);
        return new TarEntry
        {
            Type = TarEntryType.File,
            Name = path,
            Uid = uid,
            Gid = gid,
            Modified = new TarTime(stat.Modified.Seconds, (int)stat.Modified.Nanoseconds),
        };
    }

    /// <summary>File capabilities and the user's own; what is left belongs to this machine (overlay, ACLs by local ids, labels).</summary>
    private static ImmutableArray<TarAttribute> Attributes(SafeFileHandle folder, byte[] name)
    {
        var attributes = ImmutableArray.CreateBuilder<TarAttribute>();
        foreach (var key in ExtendedAttributeCalls.NamesAt(folder, name))
        {
            if ((key == "security.capability" || key.StartsWith("user.", StringComparison.Ordinal))
                && ExtendedAttributeCalls.GetAt(folder, name, key) is { } value)
            {
                attributes.Add(new TarAttribute(key, value));
            }
        }

        attributes.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        return attributes.ToImmutable();
    }

    private static TarEntryType? TypeOf(int kind) => kind switch
    {
        S_IFREG => TarEntryType.File,
        S_IFDIR => TarEntryType.Directory,
        S_IFLNK => TarEntryType.SymbolicLink,
        S_IFCHR => TarEntryType.CharacterDevice,
        S_IFBLK => TarEntryType.BlockDevice,
        S_IFIFO => TarEntryType.Fifo,
        _ => null,
    };
}

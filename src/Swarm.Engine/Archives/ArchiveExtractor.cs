using Microsoft.Win32.SafeHandles;
using static Swarm.Engine.Archives.DirectoryCalls;

namespace Swarm.Engine.Archives;

/// <summary>
/// Unpacks a tar stream below a root that may already hold hostile links, or be written to at the same time: every folder is opened by
/// openat2(2) with RESOLVE_IN_ROOT, and the last name is never followed.
/// </summary>
public sealed class ArchiveExtractor : IDisposable
{
    /// <summary>A block of most file systems.</summary>
    private const int SmallestHole = 4096;

    private readonly SafeFileHandle _root;
    private readonly ExtractOptions _options;
    private readonly OverlayWhiteouts? _whiteouts;
    private readonly List<(byte[] Path, TarTime Time)> _folderTimes = [];
    private byte[] _folderPath = [];
    private SafeFileHandle _folder;

    private readonly byte[] _prefix;

    private ArchiveExtractor(SafeFileHandle root, byte[] prefix, ExtractOptions options)
    {
        _root = root;
        _prefix = prefix;
        _folder = _root;
        _options = options;
        _whiteouts = options.Whiteouts == WhiteoutForm.Overlay ? new OverlayWhiteouts() : null;
    }

    /// <summary>Unpacks the whole archive into the folder <paramref name="root"/>. Answers the bytes of file content.</summary>
    /// <exception cref="InvalidDataException">The archive is damaged, hostile, or beyond a limit.</exception>
    /// <exception cref="IOException">The file system refused.</exception>
    public static long Extract(Stream tar, string root, ExtractOptions? options = null)
    {
        options ??= ExtractOptions.Default;
        using var top = OpenRoot(root);
        using var extractor = new ArchiveExtractor(top, [], options);
        return extractor.Run(new TarReader(tar, options.Limits));
    }

    /// <summary>As <see cref="Extract(Stream, string, ExtractOptions?)"/>, into a folder below a root: links are resolved within the root.</summary>
    /// <param name="folder">From the root, without outer slashes; it exists. The archive's entry for "." leaves it as it is.</param>
    internal static long Extract(Stream tar, SafeFileHandle root, byte[] folder, ExtractOptions options)
    {
        using var extractor = new ArchiveExtractor(root, folder, options);
        return extractor.Run(new TarReader(tar, options.Limits));
    }

    /// <summary>The root is the caller's.</summary>
    public void Dispose() => ForgetFolder();

    private long Run(TarReader reader)
    {
        long bytes = 0;
        while (reader.Next() is { } entry)
        {
            bytes += entry.Size;
            var path = Below(ArchivePath.Clean(entry.Name, _options.Confine));
            if (path.Length == _prefix.Length)
            {
                if (entry.Type == TarEntryType.Directory && _prefix.Length == 0 && !_options.KeepTop)
                {
                    Decorate(_root, entry, path);
                    _folderTimes.Add((path, entry.Modified));
                }

                continue;
            }

            var (folderPath, name) = ArchivePath.Split(path);
            var folder = Folder(folderPath);
            if (_whiteouts?.Apply(folder, folderPath, name) != true)
            {
                Place(reader, entry, folder, path, name);
            }
        }

        reader.Drain();
        foreach (var (path, time) in _folderTimes)
        {
            // What a later member replaced keeps its own time.
            using var folder = OpenInRoot(_root, path, O_DIRECTORY | O_NOFOLLOW, out _);
            if (folder is not null)
            {
                SetTime(folder, time, path);
            }
        }

        return bytes;
    }

    private byte[] Below(byte[] path) => _prefix.Length == 0 || path.Length == 0 ? [.. _prefix, .. path] : [.. _prefix, (byte)'/', .. path];

    private void Place(TarReader reader, TarEntry entry, SafeFileHandle folder, byte[] path, byte[] name)
    {
        switch (entry.Type)
        {
            case TarEntryType.Directory:
                PlaceFolder(entry, folder, path, name);
                return;
            case TarEntryType.File:
                PlaceFile(reader, entry, folder, name);
                return;
            case TarEntryType.HardLink:
                PlaceHardLink(entry, folder, name);
                return;
            case TarEntryType.SymbolicLink:
                Retry(folder, name, () => MakeSymbolicLink(folder, name, entry.LinkName));
                break;
            default:
                var kind = entry.Type switch
                {
                    TarEntryType.CharacterDevice => S_IFCHR,
                    TarEntryType.BlockDevice => S_IFBLK,
                    _ => S_IFIFO,
                };
                Retry(folder, name, () => MakeNode(folder, name, kind, entry.DeviceMajor, entry.DeviceMinor));
                break;
        }

        var (uid, gid) = OwnerOf(entry);
        ChangeOwnerAt(folder, name, uid, gid);
        SetAttributes(entry, (key, value) => ExtendedAttributeCalls.SetAt(folder, name, key, value));
        if (entry.Type != TarEntryType.SymbolicLink)
        {
            ChangeModeAt(folder, name, _options.Mode ?? entry.Mode);
        }

        SetTimeAt(folder, name, entry.Modified);
    }

    private void PlaceFolder(TarEntry entry, SafeFileHandle folder, byte[] path, byte[] name)
    {
        var existed = false;
        if (MakeDirectory(folder, name) == EEXIST)
        {
            existed = TryStat(folder, name, out var stat) && stat.Kind == S_IFDIR;
            if (!existed)
            {
                Clear(folder, name, forFolder: true);
                MakeDirectory(folder, name);
            }
        }

        using var handle = OpenAt(folder, name, O_DIRECTORY, out var errno) ?? throw Failure("open", name, errno);
        Decorate(handle, entry, name);
        if (!existed)
        {
            _whiteouts?.FolderMade(handle, path);
        }

        _folderTimes.Add((path, entry.Modified));
    }

    private void PlaceFile(TarReader reader, TarEntry entry, SafeFileHandle folder, byte[] name)
    {
        const int flags = O_WRONLY | O_CREAT | O_EXCL;
        var file = OpenAt(folder, name, flags, out var errno);
        if (file is null && errno == EEXIST)
        {
            Clear(folder, name, forFolder: false);
            file = OpenAt(folder, name, flags, out errno);
        }

        using (file ?? throw Failure("create", name, errno))
        {
            WriteContent(reader, file, name);
            Decorate(file, entry, name);
            SetTime(file, entry.Modified, name);
        }
    }

    private void WriteContent(TarReader reader, SafeFileHandle file, byte[] name)
    {
        long hole = 0;
        for (var chunk = reader.ReadContent(); !chunk.IsEmpty; chunk = reader.ReadContent())
        {
            if (_options.Sparse && chunk.Length >= SmallestHole && !chunk.ContainsAnyExcept((byte)0))
            {
                hole += chunk.Length;
                continue;
            }

            _options.Writing?.Invoke(chunk.Length);
            if (hole > 0)
            {
                Skip(file, hole, name);
                hole = 0;
            }

            DirectoryCalls.Write(file, chunk, name);
        }

        if (hole > 0)
        {
            SetLength(file, Skip(file, hole, name), name);
        }
    }

    private void PlaceHardLink(TarEntry entry, SafeFileHandle folder, byte[] name)
    {
        var target = Below(ArchivePath.Clean(entry.LinkName, _options.Confine));
        var (targetFolderPath, targetName) = ArchivePath.Split(target);
        using var targetFolder = OpenInRoot(_root, targetFolderPath, O_DIRECTORY, out var errno)
            ?? throw Failure($"link {entry.NameText} to", target, errno);
        if (TryStat(targetFolder, targetName, out var there))
        {
            if (there.Kind == S_IFDIR)
            {
                throw new InvalidDataException($"archive member \"{entry.NameText}\" is a hard link to a folder");
            }

            if (TryStat(folder, name, out var here) && there.Inode == here.Inode && there.OnDeviceMajor == here.OnDeviceMajor && there.OnDeviceMinor == here.OnDeviceMinor)
            {
                return;
            }
        }

        Retry(folder, name, () => MakeHardLink(targetFolder, targetName, folder, name));
    }

    /// <summary>Owner before attributes and mode: a change of owner clears capabilities and set-id bits.</summary>
    private void Decorate(SafeFileHandle file, TarEntry entry, byte[] name)
    {
        var (uid, gid) = OwnerOf(entry);
        ChangeOwner(file, uid, gid, name);
        SetAttributes(entry, (key, value) => ExtendedAttributeCalls.Set(file, key, value, name));
        ChangeMode(file, _options.Mode ?? entry.Mode, name);
    }

    private static void SetAttributes(TarEntry entry, Action<string, byte[]> set)
    {
        foreach (var attribute in entry.ExtendedAttributes)
        {
            // An image may not steer the overlay (redirects, hidden folders): those attributes are ours alone.
            if (!attribute.Name.StartsWith(ExtendedAttributeCalls.OverlayPrefix, StringComparison.Ordinal))
            {
                set(attribute.Name, attribute.Value);
            }
        }
    }

    private (uint Uid, uint Gid) OwnerOf(TarEntry entry) =>
        _options.Owner is { } owner ? _options.Ids.ToHost(owner.Uid, owner.Gid) : _options.Ids.ToHost(entry.Uid, entry.Gid);

    private void Retry(SafeFileHandle folder, byte[] name, Func<int> make)
    {
        if (make() == EEXIST)
        {
            Clear(folder, name, forFolder: false);
            if (make() == EEXIST)
            {
                throw Failure("create", name, EEXIST);
            }
        }
    }

    private void Clear(SafeFileHandle folder, byte[] name, bool forFolder)
    {
        if (!TryStat(folder, name, out var stat))
        {
            return;
        }

        if (_options.KeepKinds && stat.Kind == S_IFDIR != forFolder)
        {
            var (from, to) = forFolder ? ("non-directory", "directory") : ("directory", "non-directory");
            throw EngineException.BadRequest($"cannot overwrite {from} \"{System.Text.Encoding.UTF8.GetString(name)}\" with {to}");
        }

        Tree.Delete(folder, name);
    }

    /// <summary>The folder of the next member, made if the archive only implies it. Members of a folder come together, so one is remembered.</summary>
    private SafeFileHandle Folder(byte[] path)
    {
        if (path.AsSpan().SequenceEqual(_folderPath))
        {
            return _folder;
        }

        ForgetFolder();
        if (path.Length == 0)
        {
            return _root;
        }

        var folder = OpenInRoot(_root, path, O_DIRECTORY, out var errno);
        if (folder is null && errno is ENOENT or ENOTDIR)
        {
            var (parentPath, name) = ArchivePath.Split(path);
            var parent = Folder(parentPath);
            MakeImplied(parent, path, name);
            folder = OpenInRoot(_root, path, O_DIRECTORY, out errno);
            ForgetFolder();
        }

        _folder = folder ?? throw Failure("open", path, errno);
        _folderPath = path;
        return _folder;
    }

    private void MakeImplied(SafeFileHandle parent, byte[] path, byte[] name)
    {
        if (MakeDirectory(parent, name) == EEXIST)
        {
            // A file, a whiteout or a dangling link is in the way of a folder that the archive implies.
            Clear(parent, name, forFolder: true);
            MakeDirectory(parent, name);
        }

        using var made = OpenAt(parent, name, O_DIRECTORY, out var errno) ?? throw Failure("open", name, errno);
        var ((uid, gid), mode) = (_options.Ids.Root, 0x1ED);
        foreach (var lower in _options.Lowers)
        {
            using var lowerRoot = OpenRoot(lower);
            using var like = OpenInRoot(lowerRoot, path, O_DIRECTORY | O_NOFOLLOW, out _);
            if (like is not null)
            {
                var stat = StatOf(like);
                (uid, gid, mode) = (stat.Uid, stat.Gid, stat.Mode & 0xFFF);
                break;
            }
        }

        ChangeOwner(made, uid, gid, name);
        ChangeMode(made, mode, name);
        _whiteouts?.FolderMade(made, path);
    }

    private void ForgetFolder()
    {
        if (!ReferenceEquals(_folder, _root))
        {
            _folder.Dispose();
        }

        _folder = _root;
        _folderPath = [];
    }
}

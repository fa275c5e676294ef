using System.Text;
using System.Text.Json.Serialization;
using Microsoft.Win32.SafeHandles;
using Swarm.Engine.Archives;
using Swarm.Engine.Layers;
using static Swarm.Engine.Archives.DirectoryCalls;

namespace Swarm.Engine.Files;

public enum ChangeKind { Modified = 0, Added = 1, Deleted = 2 }

/// <summary>One line of `docker diff`.</summary>
/// <param name="Kind">0: modified, 1: added, 2: deleted.</param>
public sealed record FileSystemChange(string Path, [property: JsonConverter(typeof(JsonNumberEnumConverter<ChangeKind>))] ChangeKind Kind);

/// <summary>
/// What a container changed in its image, read from the overlay's upper folder: a name there is new or changed, a device 0,0 hides one of the
/// image, and a folder marked opaque hides all of its namesake's (kernel documentation, filesystems/overlayfs.rst).
/// </summary>
internal sealed class FileSystemChanges : IDisposable
{
    private readonly SafeFileHandle _upper;
    private readonly List<SafeFileHandle> _lowers;
    private readonly List<FileSystemChange> _changes = [];

    private FileSystemChanges(RootfsFolders folders)
    {
        _upper = OpenRoot(folders.Upper);
        _lowers = [.. folders.Lowers.Select(OpenRoot)];
    }

    /// <summary>In the order of names, a folder before what is in it.</summary>
    public static IReadOnlyList<FileSystemChange> Of(RootfsFolders folders)
    {
        using var changes = new FileSystemChanges(folders);
        changes.Walk(changes._upper, [], hasBelow: true, isOpaque: false);
        return changes._changes;
    }

    public void Dispose()
    {
        _upper.Dispose();
        _lowers.ForEach(lower => lower.Dispose());
    }

    private void Walk(SafeFileHandle folder, byte[] path, bool hasBelow, bool isOpaque)
    {
        var names = Names(folder);
        names.Sort(static (left, right) => left.AsSpan().SequenceCompareTo(right));
        if (isOpaque && hasBelow)
        {
            AddHidden(path, names);
        }

        foreach (var name in names)
        {
            if (TryStat(folder, name, out var stat))
            {
                Visit(folder, name, [.. path, (byte)'/', .. name], stat, hasBelow);
            }
        }
    }

    private void Visit(SafeFileHandle folder, byte[] name, byte[] path, in Stat stat, bool hasBelow)
    {
        var below = hasBelow ? Below(path) : null;
        if (stat is { Kind: S_IFCHR, DeviceMajor: 0, DeviceMinor: 0 })
        {
            if (below is not null)
            {
                Add(path, ChangeKind.Deleted);
            }

            return;
        }

        var isFolder = stat.Kind == S_IFDIR;
        var wasFolder = below is { Kind: S_IFDIR };
        var at = _changes.Count;
        Add(path, below is null ? ChangeKind.Added : ChangeKind.Modified);
        if (!isFolder)
        {
            return;
        }

        using (var child = OpenAt(folder, name, O_DIRECTORY, out var errno) ?? throw Failure("open", name, errno))
        {
            var opaque = ExtendedAttributeCalls.GetAt(folder, name, ExtendedAttributeCalls.OverlayOpaque) is [(byte)'y'];
            Walk(child, path, wasFolder, opaque);
        }

        if (wasFolder && _changes.Count == at + 1 && Same(stat, below!.Value))
        {
            _changes.RemoveAt(at); // copied up for the sake of something in it that is there no more
        }
    }

    /// <summary>What the image has in a folder that the container emptied, unless the container has made it anew.</summary>
    private void AddHidden(byte[] path, List<byte[]> own)
    {
        var kept = own.Select(Convert.ToHexString).ToHashSet();
        var seen = new HashSet<string>();
        foreach (var lower in _lowers)
        {
            using var folder = OpenInRoot(lower, path, O_DIRECTORY | O_NOFOLLOW, out _);
            foreach (var name in folder is null ? [] : Names(folder))
            {
                byte[] child = [.. path, (byte)'/', .. name];
                if (!kept.Contains(Convert.ToHexString(name)) && seen.Add(Convert.ToHexString(name)) && Below(child) is not null)
                {
                    Add(child, ChangeKind.Deleted);
                }
            }
        }
    }

    /// <summary>What the image shows at a path; null: nothing.</summary>
    private Stat? Below(byte[] path)
    {
        foreach (var lower in _lowers)
        {
            using var file = OpenInRoot(lower, path, O_PATH | O_NOFOLLOW, out _);
            if (file is not null)
            {
                var stat = StatOf(file);
                return stat is { Kind: S_IFCHR, DeviceMajor: 0, DeviceMinor: 0 } ? null : stat;
            }

            if (HidesBelow(lower, path))
            {
                return null;
            }
        }

        return null;
    }

    /// <summary>This layer has something else than a folder, or an opaque folder, on the way.</summary>
    private static bool HidesBelow(SafeFileHandle lower, byte[] path)
    {
        for (var end = Array.LastIndexOf(path, (byte)'/'); end > 0; end = Array.LastIndexOf(path, (byte)'/', end - 1))
        {
            var (parentPath, name) = ArchivePath.Split(path[..end]);
            using var parent = OpenInRoot(lower, parentPath, O_DIRECTORY | O_NOFOLLOW, out _);
            if (parent is not null && TryStat(parent, name, out var stat)
                && (stat.Kind != S_IFDIR || ExtendedAttributeCalls.GetAt(parent, name, ExtendedAttributeCalls.OverlayOpaque) is [(byte)'y']))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Same(in Stat left, in Stat right) => left.Mode == right.Mode && left.Uid == right.Uid && left.Gid == right.Gid
        && left.Modified.Seconds == right.Modified.Seconds && left.Modified.Nanoseconds == right.Modified.Nanoseconds;

    private void Add(byte[] path, ChangeKind kind) => _changes.Add(new FileSystemChange(Encoding.UTF8.GetString(path), kind));
}

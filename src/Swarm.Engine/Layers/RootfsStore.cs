using System.Collections.Immutable;
using System.Text.Json;
using Swarm.Engine.Archives;
using Swarm.Linux;
using Swarm.Registry;

namespace Swarm.Engine.Layers;

/// <summary>
/// Containers' root file systems: rootfs/ID/{upper,work,merged,lower.json}, mounted as overlays. A folder is made under another name and
/// renamed, and renamed before it is deleted, so that one which has its name is whole. Thread-safe.
/// </summary>
public sealed class RootfsStore : IRootfsStore
{
    private const string Temporary = ".tmp-";
    private const string Ground = ".ground";
    private const UnixFileMode OpenToAll = (UnixFileMode)0x1ED;

    private readonly string _root;
    private readonly LayerStore _layers;
    private readonly Lock _gate = new();
    private ImmutableDictionary<string, ImmutableArray<Digest>> _containers;

    /// <summary>As Docker tells of overlay2, with Docker's name for the family of ext file systems.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Status(string folder)
    {
        var format = new DriveInfo(folder).DriveFormat;
        return new string[][]
        {
            ["Backing Filesystem", format.StartsWith("ext", StringComparison.Ordinal) ? "extfs" : format],
            ["Supports d_type", "true"],
            ["Using metacopy", "false"],
            ["Native Overlay Diff", "true"],
            ["userxattr", "false"],
        };
    }

    /// <param name="root">Folder of this store, made if it is missing; a real file system, not overlayfs.</param>
    public RootfsStore(string root, LayerStore layers)
    {
        _root = Path.GetFullPath(root);
        _layers = layers;
        GroundLayer.Ensure(Path.Combine(_root, Ground), layers.Ids.Root);
        foreach (var leftover in Directory.EnumerateDirectories(_root, Temporary + "*"))
        {
            OverlayMount.Unmount(Path.Combine(leftover, "merged"));
            Tree.Delete(leftover);
        }

        _containers = Directory.EnumerateDirectories(_root)
            .Where(folder => !Path.GetFileName(folder).StartsWith('.'))
            .ToImmutableDictionary(folder => Path.GetFileName(folder), ReadLower);
        _layers.Hold(_containers.Values.SelectMany(chain => chain));
    }

    /// <summary>Whose root file systems are here.</summary>
    public IReadOnlyList<string> Ids => [.. _containers.Keys];

    /// <summary>The container's own changes, in overlayfs' form, for diff and commit.</summary>
    public string UpperPath(string containerId) => Path.Combine(FolderOf(containerId), "upper");

    public void Create(string containerId, IReadOnlyList<string> diffIds)
    {
        var folder = FolderOf(containerId);
        lock (_gate)
        {
            if (_containers.ContainsKey(containerId))
            {
                return;
            }

            var chain = ChainId.Of(diffIds.Select(Digest.Parse)).ToImmutableArray();
            _layers.Hold(chain);
            try
            {
                Make(containerId, folder, chain);
            }
            catch
            {
                _layers.Release(chain);
                throw;
            }

            _containers = _containers.Add(containerId, chain);
        }
    }

    public string Mount(string containerId)
    {
        var folder = FolderOf(containerId);
        var merged = Path.Combine(folder, "merged");
        lock (_gate)
        {
            if (!_containers.TryGetValue(containerId, out var chain))
            {
                throw EngineException.NotFound($"No such container: {containerId}");
            }

            if (!OverlayMount.IsMountPoint(merged))
            {
                OverlayMount.Mount(Lowers(containerId, chain), Path.Combine(folder, "upper"), Path.Combine(folder, "work"), merged);
            }
        }

        return merged;
    }

    public void Unmount(string containerId)
    {
        lock (_gate)
        {
            OverlayMount.Unmount(Path.Combine(FolderOf(containerId), "merged"));
        }
    }

    public RootfsFolders Folders(string containerId) => _containers.TryGetValue(containerId, out var chain)
        ? new(UpperPath(containerId), Lowers(containerId, chain))
        : throw EngineException.NotFound($"No such container: {containerId}");

    public IReadOnlyDictionary<string, string>? Describe(string containerId)
    {
        if (!_containers.TryGetValue(containerId, out var chain) || chain.Any(id => _layers.Find(id) is null))
        {
            return null;
        }

        var folder = FolderOf(containerId);
        return new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["LowerDir"] = string.Join(':', Lowers(containerId, chain)),
            ["MergedDir"] = Path.Combine(folder, "merged"),
            ["UpperDir"] = UpperPath(containerId),
            ["WorkDir"] = Path.Combine(folder, "work"),
        };
    }

    public void Remove(string containerId)
    {
        var folder = FolderOf(containerId);
        string doomed;
        lock (_gate)
        {
            if (!Directory.Exists(folder))
            {
                return;
            }

            OverlayMount.Unmount(Path.Combine(folder, "merged"));
            doomed = NewTemporary();
            Directory.Move(folder, doomed);
            if (_containers.TryGetValue(containerId, out var chain))
            {
                _containers = _containers.Remove(containerId);
                _layers.Release(chain);
            }
        }

        Tree.Delete(doomed);
    }

    private List<string> Lowers(string containerId, ImmutableArray<Digest> chain) =>
        [.. chain.Reverse().Select(id => Required(containerId, id).Path), Path.Combine(_root, Ground)];

    private void Make(string containerId, string folder, ImmutableArray<Digest> chain)
    {
        var paths = chain.Select(id => Required(containerId, id).Path).ToList();
        var temporary = NewTemporary();
        try
        {
            Fill(temporary, paths, chain);
            Directory.Move(temporary, folder);
        }
        catch
        {
            Tree.Delete(temporary);
            throw;
        }

        DurableFile.SyncDirectory(_root);
    }

    private void Fill(string temporary, List<string> paths, ImmutableArray<Digest> chain)
    {
        Directory.CreateDirectory(Path.Combine(temporary, "upper"), OpenToAll);
        Directory.CreateDirectory(Path.Combine(temporary, "work"), OpenToAll);
        Directory.CreateDirectory(Path.Combine(temporary, "merged"), OpenToAll);
        if (paths is [.., var top])
        {
            CopyRootAttributes(top, Path.Combine(temporary, "upper"));
        }
        else
        {
            using var upper = DirectoryCalls.OpenRoot(Path.Combine(temporary, "upper"));
            DirectoryCalls.ChangeOwner(upper, _layers.Ids.Root.Uid, _layers.Ids.Root.Gid, "/"u8);
        }

        var lower = new LowerFile([.. chain.Select(id => id.ToString())]);
        DurableFile.Write(Path.Combine(temporary, "lower.json"), JsonSerializer.SerializeToUtf8Bytes(lower, LayerJson.Default.LowerFile));
    }

    private static void CopyRootAttributes(string from, string to)
    {
        using var source = DirectoryCalls.OpenRoot(from);
        using var target = DirectoryCalls.OpenRoot(to);
        var stat = DirectoryCalls.StatOf(source);
        DirectoryCalls.ChangeOwner(target, stat.Uid, stat.Gid, "/"u8);
        DirectoryCalls.ChangeMode(target, stat.Mode & 0xFFF, "/"u8);
    }

    private Layer Required(string containerId, Digest chainId) => _layers.Find(chainId)
        ?? throw new EngineException(500, $"layer {chainId} of container {containerId} is missing: pull or load its image again");

    private static ImmutableArray<Digest> ReadLower(string folder)
    {
        var content = JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(folder, "lower.json")), LayerJson.Default.LowerFile)
            ?? throw new InvalidDataException($"{folder}/lower.json is empty");
        return [.. content.Layers.Select(Digest.Parse)];
    }

    private string NewTemporary() => Path.Combine(_root, Temporary + Guid.NewGuid().ToString("N"));

    private string FolderOf(string containerId) =>
        containerId.Length is > 0 and <= 128 && containerId.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            ? Path.Combine(_root, containerId)
            : throw EngineException.BadRequest($"\"{containerId}\" is not a container id");
}

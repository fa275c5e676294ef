using System.Collections.Immutable;
using System.Text.Json;
using Swarm.Engine.Archives;
using Swarm.Linux;
using Swarm.Registry;

namespace Swarm.Engine.Layers;

/// <summary>
/// Unpacked layers: layers/CHAIN-HEX/diff. A layer is unpacked into a temporary folder, synced, then renamed, so that one which has its
/// name is whole. Thread-safe: callers that want the same layer at once share the work.
/// </summary>
public sealed class LayerStore
{
    private const string Temporary = "tmp-";

    private readonly string _root;
    private readonly Lock _gate = new();
    private readonly Holds _holds = new();
    private readonly Dictionary<Digest, Task<Layer>> _unpacking = [];

    /// <summary>To be deleted when nobody holds them any more: their images went before the containers that stand on them.</summary>
    private readonly HashSet<Digest> _doomed = [];
    private ImmutableDictionary<Digest, Layer> _layers;

    /// <param name="root">Folder of this store, made if it is missing; not on overlayfs, and with extended attributes.</param>
    public LayerStore(string root)
    {
        _root = Path.GetFullPath(root);
        Directory.CreateDirectory(_root);
        foreach (var leftover in Directory.EnumerateDirectories(_root, Temporary + "*"))
        {
            Tree.Delete(leftover);
        }

        _layers = Directory.EnumerateDirectories(_root).Select(ReadLayer).OfType<Layer>().ToImmutableDictionary(layer => layer.ChainId);
    }

    public ImmutableDictionary<Digest, Layer> All => Volatile.Read(ref _layers);

    public Layer? Find(Digest chainId) => All.GetValueOrDefault(chainId);

    /// <summary>Unpacks a layer over <paramref name="parents"/>, unless it is here.</summary>
    /// <param name="parents">Lowest first; all must be here.</param>
    /// <param name="open">The layer's archive, compressed or not. Called at most once.</param>
    /// <exception cref="InvalidDataException">The archive is damaged, hostile, or not of this diff id. Nothing is kept.</exception>
    public Task<Layer> UnpackAsync(IReadOnlyList<Digest> parents, Digest diffId, Func<Stream> open, CancellationToken cancellation)
    {
        var chain = ChainId.Of([.. parents, diffId]);
        var id = chain[^1];
        if (Find(id) is { } layer)
        {
            return Task.FromResult(layer);
        }

        Task<Layer> work;
        lock (_gate)
        {
            if (!_unpacking.TryGetValue(id, out work!))
            {
                work = Task.Run(() => Unpack(chain, diffId, open), CancellationToken.None);
                _unpacking.Add(id, work);
            }
        }

        return work.WaitAsync(cancellation);
    }

    /// <summary>Keeps layers, here already or to come, from being deleted until <see cref="Release"/>.</summary>
    public void Hold(IEnumerable<Digest> chainIds)
    {
        lock (_gate)
        {
            _holds.Add(chainIds);
        }
    }

    public void Release(IReadOnlyCollection<Digest> chainIds)
    {
        List<Digest> free;
        lock (_gate)
        {
            _holds.Remove(chainIds);
            free = [.. chainIds.Where(_doomed.Contains)];
        }

        free.ForEach(id => TryDelete(id));
    }

    /// <summary>An image needs these again.</summary>
    internal void Spare(IEnumerable<Digest> chainIds)
    {
        lock (_gate)
        {
            _doomed.ExceptWith(chainIds);
        }
    }

    /// <summary>Deletes a layer; one that is held goes when the last hold on it does. Answers whether one was deleted now.</summary>
    public bool TryDelete(Digest chainId)
    {
        var doomed = NewTemporary();
        lock (_gate)
        {
            if (!_layers.ContainsKey(chainId))
            {
                return false;
            }

            if (_holds.Has(chainId))
            {
                _doomed.Add(chainId);
                return false;
            }

            _doomed.Remove(chainId);

            // Renamed first: a half deleted layer must not look like a whole one.
            _layers = _layers.Remove(chainId);
            Directory.Move(FolderOf(chainId), doomed);
        }

        Tree.Delete(doomed);
        return true;
    }

    private Layer Unpack(IReadOnlyList<Digest> chain, Digest diffId, Func<Stream> open)
    {
        var id = chain[^1];
        var temporary = NewTemporary();
        try
        {
            if (Find(id) is { } existing)
            {
                return existing;
            }

            var lowers = chain.Take(chain.Count - 1).Reverse().Select(parent => Required(parent).Path).ToList();
            var diff = Path.Combine(temporary, "diff");
            Directory.CreateDirectory(diff, (UnixFileMode)0x1ED);
            CopyRootAttributes(lowers, diff);
            var size = Extract(diffId, open, diff, lowers);
            var content = JsonSerializer.SerializeToUtf8Bytes(new LayerFile(diffId.ToString(), size), LayerJson.Default.LayerFile);
            File.WriteAllBytes(Path.Combine(temporary, "layer.json"), content);
            using (var folder = DirectoryCalls.OpenRoot(temporary))
            {
                DirectoryCalls.SyncFileSystem(folder);
            }

            var layer = new Layer(id, diffId, size, Path.Combine(FolderOf(id), "diff"));
            lock (_gate)
            {
                Directory.Move(temporary, FolderOf(id));
                DurableFile.SyncDirectory(_root);
                _layers = _layers.SetItem(id, layer);
            }

            return layer;
        }
        finally
        {
            Tree.Delete(temporary);
            lock (_gate)
            {
                _unpacking.Remove(id);
            }
        }
    }

    private static long Extract(Digest diffId, Func<Stream> open, string diff, List<string> lowers)
    {
        using var stream = new DigestingStream(Decompression.Open(open()), TarLimits.Default.TotalBytes);
        var size = ArchiveExtractor.Extract(stream, diff, new ExtractOptions { Whiteouts = WhiteoutForm.Overlay, Lowers = lowers });
        return stream.Current == diffId
            ? size
            : throw new InvalidDataException($"layer's content is {stream.Current}, the image's configuration says {diffId}");
    }

    /// <summary>An archive without an entry for the root leaves the root as the layers below have it.</summary>
    private static void CopyRootAttributes(List<string> lowers, string diff)
    {
        if (lowers is not [var top, ..])
        {
            return;
        }

        using var from = DirectoryCalls.OpenRoot(top);
        using var to = DirectoryCalls.OpenRoot(diff);
        var stat = DirectoryCalls.StatOf(from);
        DirectoryCalls.ChangeOwner(to, stat.Uid, stat.Gid, "/"u8);
        DirectoryCalls.ChangeMode(to, stat.Mode & 0xFFF, "/"u8);
    }

    private Layer Required(Digest chainId) =>
        Find(chainId) ?? throw new InvalidOperationException($"layer {chainId} is not here: unpack the lower ones first");

    private Layer? ReadLayer(string folder)
    {
        if (!Digest.TryParseHex(Path.GetFileName(folder), out var chainId))
        {
            return null;
        }

        var content = JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(folder, "layer.json")), LayerJson.Default.LayerFile)
            ?? throw new InvalidDataException($"{folder}/layer.json is empty");
        return new Layer(chainId, Digest.Parse(content.DiffId), content.Size, Path.Combine(folder, "diff"));
    }

    private string FolderOf(Digest chainId) => Path.Combine(_root, chainId.Hex);

    private string NewTemporary() => Path.Combine(_root, Temporary + Guid.NewGuid().ToString("N"));
}

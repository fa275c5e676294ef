using System.Collections.Immutable;
using System.Text.Json;
using Swarm.Engine.Archives;
using Swarm.Engine.UserNamespaces;
using Swarm.Linux;
using Swarm.Registry;

namespace Swarm.Engine.Layers;

/// <summary>
/// Unpacked layers: layers/CHAIN-HEX/diff. A layer is unpacked into a temporary folder, synced, then renamed, so that one which has its
/// name is whole. Thread-safe: callers that want the same layer at once share the work, which ends early when all of them have left.
/// </summary>
public sealed class LayerStore
{
    private const string Temporary = "tmp-";

    private readonly string _root;
    private readonly Lock _gate = new();
    private readonly Holds _holds = new();
    private readonly Dictionary<Digest, SharedUnpacking> _unpacking = [];

    /// <summary>To be deleted when nobody holds them any more: their images went before the containers that stand on them.</summary>
    private readonly HashSet<Digest> _doomed = [];
    private ImmutableDictionary<Digest, Layer> _layers;

    /// <param name="root">Folder of this store, made if it is missing; not on overlayfs, and with extended attributes.</param>
    /// <param name="ids">Whose ids the files on disk have; null: the archives' own.</param>
    public LayerStore(string root, IdMap? ids = null)
    {
        Ids = ids ?? IdMap.None;
        _root = Path.GetFullPath(root);
        Directory.CreateDirectory(_root);
        foreach (var leftover in Directory.EnumerateDirectories(_root, Temporary + "*"))
        {
            Tree.Delete(leftover);
        }

        _layers = Directory.EnumerateDirectories(_root).Select(ReadLayer).OfType<Layer>().ToImmutableDictionary(layer => layer.ChainId);
    }

    public IdMap Ids { get; }

    /// <summary>Measures the file system of a folder; in its place a test has its own.</summary>
    internal Func<string, DiskSpace> Disk { get; init; } = DiskSpace.Of;

    public ImmutableDictionary<Digest, Layer> All => Volatile.Read(ref _layers);

    public Layer? Find(Digest chainId) => All.GetValueOrDefault(chainId);

    /// <summary>Unpacks a layer over <paramref name="parents"/>, unless it is here.</summary>
    /// <param name="parents">Lowest first; all must be here.</param>
    /// <param name="open">The layer's archive, compressed or not. Called at most once.</param>
    /// <exception cref="InvalidDataException">The archive is damaged, hostile, or not of this diff id. Nothing is kept.</exception>
    public async Task<Layer> UnpackAsync(IReadOnlyList<Digest> parents, Digest diffId, Func<Stream> open, CancellationToken cancellation)
    {
        var chain = ChainId.Of([.. parents, diffId]);
        while (true)
        {
            if (Find(chain[^1]) is { } layer)
            {
                return layer;
            }

            var shared = Join(chain, diffId, open, out var joined);
            if (joined)
            {
                return await WaitAsync(shared, cancellation).ConfigureAwait(false);
            }

            // Everyone left that one and it is about to stop.
            await ((Task)shared.Work).WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
        }
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

    private SharedUnpacking Join(IReadOnlyList<Digest> chain, Digest diffId, Func<Stream> open, out bool joined)
    {
        lock (_gate)
        {
            if (!_unpacking.TryGetValue(chain[^1], out var shared))
            {
                var started = shared = new SharedUnpacking();
                started.Work = Task.Run(() => Unpack(chain, diffId, open, started.Stop.Token), CancellationToken.None);
                _unpacking.Add(chain[^1], started);
            }

            joined = !shared.Abandoned;
            shared.Waiters += joined ? 1 : 0;
            return shared;
        }
    }

    private async Task<Layer> WaitAsync(SharedUnpacking shared, CancellationToken cancellation)
    {
        try
        {
            return await shared.Work.WaitAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                shared.Abandoned = --shared.Waiters == 0;
            }

            if (shared.Abandoned)
            {
                await shared.Stop.CancelAsync().ConfigureAwait(false);

                // Whoever leaves last leaves nothing behind.
                await ((Task)shared.Work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private Layer Unpack(IReadOnlyList<Digest> chain, Digest diffId, Func<Stream> open, CancellationToken cancellation)
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
            var size = Extract(diffId, open, diff, lowers, cancellation);
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

    internal RoomOnDisk Room(string what) => new(_root, Disk, what);

    private long Extract(Digest diffId, Func<Stream> open, string diff, List<string> lowers, CancellationToken cancellation)
    {
        using var stream = new DigestingStream(new CancellableReads(Decompression.Open(open()), cancellation), TarLimits.Default.TotalBytes);
        var room = Room("a layer");
        var size = ArchiveExtractor.Extract(stream, diff, new ExtractOptions { Whiteouts = WhiteoutForm.Overlay, Lowers = lowers, Ids = Ids, Sparse = true, Writing = room.Take });
        return stream.Current == diffId
            ? size
            : throw new InvalidDataException($"layer's content is {stream.Current}, the image's configuration says {diffId}");
    }

    /// <summary>An archive without an entry for the root leaves the root as the layers below have it.</summary>
    private void CopyRootAttributes(List<string> lowers, string diff)
    {
        using var to = DirectoryCalls.OpenRoot(diff);
        if (lowers is not [var top, ..])
        {
            DirectoryCalls.ChangeOwner(to, Ids.Root.Uid, Ids.Root.Gid, "/"u8);
            return;
        }

        using var from = DirectoryCalls.OpenRoot(top);
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

    /// <summary>A layer that is being unpacked; counted under the store's lock.</summary>
    private sealed class SharedUnpacking
    {
        public readonly CancellationTokenSource Stop = new();
        public Task<Layer> Work = null!;
        public int Waiters;
        public bool Abandoned;
    }
}

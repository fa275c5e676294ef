using Swarm.Linux;
using Swarm.Registry;

namespace Swarm.Engine.Layers;

/// <summary>
/// Content-addressed files: blobs/sha256/HEX. A blob appears whole, synced and with the right digest, or not at all. Thread-safe: the same
/// blob may be written twice at once, to the same end.
/// </summary>
public sealed class BlobStore
{
    private const string Partial = ".partial";

    private readonly string _folder;
    private readonly string _ingest;
    private readonly Lock _gate = new();
    private readonly Holds _holds = new();

    /// <param name="root">Folder of this store; made if it is missing.</param>
    public BlobStore(string root)
    {
        _folder = Path.Combine(root, "sha256");
        _ingest = Path.Combine(root, "ingest");
        Directory.CreateDirectory(_folder);
        Directory.CreateDirectory(_ingest);
        foreach (var leftover in Directory.EnumerateFiles(_ingest).Where(file => !file.EndsWith(Partial, StringComparison.Ordinal)))
        {
            File.Delete(leftover);
        }
    }

    public bool Contains(Digest digest) => File.Exists(PathOf(digest));

    public long SizeOf(Digest digest) => new FileInfo(PathOf(digest)).Length;

    /// <exception cref="FileNotFoundException">Not here.</exception>
    public FileStream OpenRead(Digest digest) => new(
        PathOf(digest),
        new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.Read | FileShare.Delete, BufferSize = 0 });

    /// <summary>A small blob, checked again.</summary>
    /// <exception cref="InvalidDataException">Larger than <paramref name="limit"/>, or damaged.</exception>
    public byte[] Read(Digest digest, int limit)
    {
        using var file = OpenRead(digest);
        if (file.Length > limit)
        {
            throw new InvalidDataException($"blob {digest} has {file.Length} bytes, {limit} are allowed");
        }

        var content = new byte[file.Length];
        file.ReadExactly(content);
        return Digest.Of(content) == digest ? content : throw new InvalidDataException($"blob {digest} is damaged on disk");
    }

    public Digest Write(ReadOnlySpan<byte> content)
    {
        var digest = Digest.Of(content);
        if (!Contains(digest))
        {
            using var ingest = Begin(content.Length);
            ingest.Append(content);
            ingest.Commit(digest);
        }

        return digest;
    }

    /// <summary>Begins a blob that grows chunk by chunk. Dispose it; without a commit nothing is kept.</summary>
    public BlobIngest Begin(long limit) => new(Path.Combine(_ingest, Guid.NewGuid().ToString("N")), _folder, limit);

    /// <summary>Where a download of <paramref name="digest"/> grows, so that it can be resumed, also after a restart.</summary>
    public string PartialPath(Digest digest) => Path.Combine(_ingest, digest.Hex + Partial);

    /// <summary>Takes in a finished download whose digest the caller has checked.</summary>
    public void CommitPartial(Digest digest)
    {
        using (var file = File.OpenHandle(PartialPath(digest), FileMode.Open, FileAccess.ReadWrite))
        {
            DurableFile.Sync(file);
        }

        DurableFile.Replace(PartialPath(digest), PathOf(digest));
    }

    /// <summary>Forgets how far a download has come, unless somebody waits for the blob.</summary>
    public void TryDropPartial(Digest digest)
    {
        lock (_gate)
        {
            if (!_holds.Has(digest))
            {
                File.Delete(PartialPath(digest));
            }
        }
    }

    /// <summary>Keeps blobs, here already or to come, from being deleted until <see cref="Release"/>.</summary>
    public void Hold(IEnumerable<Digest> digests)
    {
        lock (_gate)
        {
            _holds.Add(digests);
        }
    }

    public void Release(IEnumerable<Digest> digests)
    {
        lock (_gate)
        {
            _holds.Remove(digests);
        }
    }

    /// <summary>Deletes a blob, unless it is held or not here.</summary>
    public void TryDelete(Digest digest)
    {
        lock (_gate)
        {
            if (!_holds.Has(digest))
            {
                File.Delete(PathOf(digest));
            }
        }
    }

    public IEnumerable<Digest> All()
    {
        foreach (var file in Directory.EnumerateFiles(_folder))
        {
            if (Digest.TryParseHex(Path.GetFileName(file), out var digest))
            {
                yield return digest;
            }
        }
    }

    /// <summary>Removes interrupted downloads that nobody resumed since <paramref name="before"/>.</summary>
    public void DropPartials(DateTimeOffset before)
    {
        foreach (var file in new DirectoryInfo(_ingest).EnumerateFiles().Where(file => file.LastWriteTimeUtc < before.UtcDateTime))
        {
            file.Delete();
        }
    }

    public DateTimeOffset WrittenAt(Digest digest) => new(File.GetLastWriteTimeUtc(PathOf(digest)), TimeSpan.Zero);

    private string PathOf(Digest digest) => Path.Combine(_folder, digest.Hex);
}

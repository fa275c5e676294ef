using System.Text;
using Swarm.Engine.Archives;
using Swarm.Engine.Layers;
using Swarm.Registry;

namespace Swarm.Engine.Images;

/// <summary>The files of an image archive, taken into the blob store as they come, since what they are is only said at the end.</summary>
internal sealed class ArchiveContents(BlobStore blobs, RoomOnDisk room) : IDisposable
{
    /// <summary>Files of an archive of images.</summary>
    private const int MaxFiles = 100_000;

    private readonly Dictionary<string, Digest> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _links = new(StringComparer.Ordinal);
    private readonly List<Digest> _held = [];

    /// <summary>Every blob that came with the archive. Held until this is disposed.</summary>
    public IReadOnlyList<Digest> Blobs => _held;

    /// <exception cref="InvalidDataException">Not a tar archive, or cut short.</exception>
    public void Read(Stream archive, CancellationToken cancellation)
    {
        using var plain = Decompression.Open(archive);
        var reader = new TarReader(plain);
        while (reader.Next() is { } entry)
        {
            cancellation.ThrowIfCancellationRequested();
            Take(reader, entry);
        }
    }

    /// <summary>The digest of a file; null if the archive has none of that name.</summary>
    public Digest? Find(string name)
    {
        for (var hops = 0; hops < 8; hops++)
        {
            if (_files.TryGetValue(name, out var digest))
            {
                return digest;
            }

            if (!_links.TryGetValue(name, out name!))
            {
                return null;
            }
        }

        return null;
    }

    /// <exception cref="InvalidDataException">Not in the archive.</exception>
    public Digest Required(string name) => Find(name) ?? throw new InvalidDataException($"invalid archive: it names {name} and does not hold it");

    /// <summary>Adds what the archive lacks.</summary>
    public Digest Add(byte[] content)
    {
        Keep(Digest.Of(content));
        return blobs.Write(content);
    }

    public void Dispose() => blobs.Release(_held);

    private void Take(TarReader reader, TarEntry entry)
    {
        var name = Encoding.UTF8.GetString(ArchivePath.Clean(entry.Name));
        if (_files.Count + _links.Count >= MaxFiles)
        {
            throw new InvalidDataException($"invalid archive: more than {MaxFiles} files");
        }

        switch (entry.Type)
        {
            case TarEntryType.File:
                _files[name] = Ingest(reader, entry);
                break;

            // Old archives name a layer that they hold twice by a link to the first.
            case TarEntryType.SymbolicLink:
                var folder = name.Contains('/') ? name[..(name.LastIndexOf('/') + 1)] : "";
                _links[name] = Encoding.UTF8.GetString(ArchivePath.Clean([.. Encoding.UTF8.GetBytes(folder), .. entry.LinkName]));
                break;
            case TarEntryType.HardLink:
                _links[name] = Encoding.UTF8.GetString(ArchivePath.Clean(entry.LinkName));
                break;
        }
    }

    private Digest Ingest(TarReader reader, TarEntry entry)
    {
        room.Take(entry.Size);
        using var ingest = blobs.Begin(entry.Size);
        for (var chunk = reader.ReadContent(); !chunk.IsEmpty; chunk = reader.ReadContent())
        {
            ingest.Append(chunk);
        }

        return ingest.Commit(Keep);
    }

    private void Keep(Digest digest)
    {
        blobs.Hold([digest]);
        _held.Add(digest);
    }
}

using System.Collections.Immutable;
using System.Text.Json;
using Swarm.Engine.Layers;
using Swarm.Linux;
using Swarm.Registry;

namespace Swarm.Engine.Images;

/// <summary>images.json: which images are here and what they are called. Written whole and renamed into place.</summary>
internal sealed class ImageIndex(string path)
{
    /// <param name="unreadable">Hears of each image whose files are damaged or gone; the others are the state.</param>
    /// <exception cref="InvalidDataException">The index itself is damaged.</exception>
    internal ImageState Read(BlobStore blobs, Action<Exception, string> unreadable)
    {
        if (!File.Exists(path))
        {
            return ImageState.Empty;
        }

        var file = JsonSerializer.Deserialize(File.ReadAllBytes(path), ImageJson.Default.IndexFile)
            ?? throw new InvalidDataException($"{path} is empty");
        var images = ImmutableDictionary.CreateBuilder<Digest, StoredImage>();
        foreach (var entry in file.Images)
        {
            try
            {
                var image = StoredImage.Read(blobs, Digest.Parse(entry.Manifest)) with
                {
                    Tagged = entry.Tagged, Parent = entry.Parent is null ? null : Digest.Parse(entry.Parent),
                };
                images.Add(image.Id, image);
            }
            catch (Exception e) when (e is InvalidDataException or FileNotFoundException)
            {
                unreadable(e, entry.Id);
            }
        }

        return new ImageState(
            images.ToImmutable(),
            file.References.ToImmutableSortedDictionary(pair => pair.Key, pair => Digest.Parse(pair.Value), StringComparer.Ordinal));
    }

    internal void Write(ImageState state)
    {
        var file = new IndexFile();
        file.Images.AddRange(state.Images.Values.Select(image => new IndexImage(
            image.Id.ToString(), image.ManifestDigest.ToString(), image.Tagged, image.Parent?.ToString())));
        foreach (var (name, id) in state.References)
        {
            file.References.Add(name, id.ToString());
        }

        DurableFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(file, ImageJson.Default.IndexFile));
    }
}

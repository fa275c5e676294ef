using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Swarm.Registry.Tests;

/// <summary>A small image in a folder, as skopeo reads it.</summary>
internal static class OciLayout
{
    public const string Tag = "1";

    /// <summary>Answers the layers' digests and contents.</summary>
    public static Dictionary<Digest, byte[]> Write(string folder, int layers, int bytesPerLayer)
    {
        var blobs = Directory.CreateDirectory(Path.Combine(folder, "blobs/sha256")).FullName;
        var contents = new Dictionary<Digest, byte[]>();
        var descriptors = new List<Descriptor>();
        var diffIds = new List<string>();
        for (var i = 0; i < layers; i++)
        {
            var tar = Layer(i, bytesPerLayer);
            diffIds.Add($"\"{Digest.Of(tar)}\"");
            using var compressed = new MemoryStream();
            using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
            {
                gzip.Write(tar);
            }

            descriptors.Add(Blob(MediaTypes.OciLayerGzip, compressed.ToArray()));
            contents.Add(Digest.Of(compressed.ToArray()), compressed.ToArray());
        }

        var config = Encoding.UTF8.GetBytes(
            $$"""{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[{{string.Join(',', diffIds)}}] } }""");
        var manifest = new Manifest { SchemaVersion = 2, MediaType = MediaTypes.OciManifest, Config = Blob(MediaTypes.OciConfig, config), Layers = descriptors };
        var entry = Blob(MediaTypes.OciManifest, manifest.ToJson()) with
        {
            Annotations = new Dictionary<string, string> { ["org.opencontainers.image.ref.name"] = Tag },
        };
        File.WriteAllBytes(Path.Combine(folder, "index.json"), new Manifest { SchemaVersion = 2, MediaType = MediaTypes.OciIndex, Manifests = [entry] }.ToJson());
        File.WriteAllText(Path.Combine(folder, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
        return contents;

        Descriptor Blob(string type, byte[] content)
        {
            var digest = Digest.Of(content);
            File.WriteAllBytes(Path.Combine(blobs, digest.Hex), content);
            return new Descriptor { MediaType = type, Digest = digest.ToString(), Size = content.Length };
        }
    }

    private static byte[] Layer(int number, int bytes)
    {
        var content = new byte[bytes];
        new Random(number).NextBytes(content);
        using var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, TarEntryFormat.Pax, leaveOpen: true))
        {
            writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, $"file{number}")
            {
                DataStream = new MemoryStream(content),
                ModificationTime = DateTimeOffset.UnixEpoch,
            });
        }

        return stream.ToArray();
    }
}

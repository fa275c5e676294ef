using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using Swarm.Registry;
using Swarm.Registry.Tests;

namespace Swarm.Engine.Tests.Images;

/// <summary>An image of chosen layers, and a registry that serves it; each part may be a lie.</summary>
internal sealed class FalseImage
{
    private readonly Dictionary<string, byte[]> _blobs = [];
    private byte[] _manifest = [];

    /// <summary>Awaited before a blob is sent.</summary>
    public Func<string, HttpListenerResponse, Task>? Before { get; set; }

    /// <summary>Digests of blobs as they were asked for.</summary>
    public ConcurrentQueue<string> Asked { get; } = [];

    public IReadOnlyList<string> LayerDigests { get; private set; } = [];

    /// <param name="layers">Archives, plain.</param>
    /// <param name="diffIds">What the configuration says of them; null: the truth.</param>
    /// <param name="compress">Null: gzip.</param>
    public static FalseImage Of(IReadOnlyList<byte[]> layers, IReadOnlyList<string>? diffIds = null, Func<byte[], byte[]>? compress = null) =>
        OfBlobs([.. layers.Select(compress ?? Gzip)], diffIds ?? [.. layers.Select(layer => Digest.Of(layer).ToString())]);

    public static FalseImage OfBlobs(IReadOnlyList<byte[]> blobs, IReadOnlyList<string> diffIds)
    {
        var image = new FalseImage();
        var ids = string.Join(',', diffIds.Select(id => $"\"{id}\""));
        var config = Encoding.UTF8.GetBytes("{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" + ids + "]}}");
        image._manifest = new Manifest
        {
            SchemaVersion = 2,
            MediaType = MediaTypes.OciManifest,
            Config = image.Add(config, "application/vnd.oci.image.config.v1+json"),
            Layers = [.. blobs.Select(blob => image.Add(blob, "application/vnd.oci.image.layer.v1.tar+gzip"))],
        }.ToJson();
        image.LayerDigests = [.. blobs.Select(blob => Digest.Of(blob).ToString())];
        return image;
    }

    public ScriptedRegistry Serve() => new(async (request, response) =>
    {
        var path = request.Url!.AbsolutePath;
        var name = path[(path.LastIndexOf('/') + 1)..];
        if (path.Contains("/manifests/", StringComparison.Ordinal))
        {
            response.ContentType = MediaTypes.OciManifest;
            await ScriptedRegistry.SendAsync(response, request.HttpMethod == "HEAD" ? [] : _manifest);
        }
        else if (_blobs.TryGetValue(name, out var blob))
        {
            Asked.Enqueue(name);
            if (Before is not null)
            {
                await Before(name, response);
            }

            var from = request.Headers["Range"] is { } range ? int.Parse(range.Split('=', '-')[1], CultureInfo.InvariantCulture) : 0;
            await ScriptedRegistry.SendAsync(response, blob[from..], from > 0 ? 206 : 200);
        }
        else
        {
            await ScriptedRegistry.SendAsync(response, [], path == "/v2/" ? 200 : 404);
        }
    });

    public static byte[] Gzip(byte[] plain)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest))
        {
            gzip.Write(plain);
        }

        return output.ToArray();
    }

    private Descriptor Add(byte[] blob, string type)
    {
        var digest = Digest.Of(blob).ToString();
        _blobs[digest] = blob;
        return new Descriptor { MediaType = type, Digest = digest, Size = blob.Length };
    }
}

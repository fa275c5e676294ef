using Microsoft.Extensions.Logging;
using Swarm.Engine.Layers;
using Swarm.Engine.UserNamespaces;
using Swarm.Registry;

namespace Swarm.Engine.Images;

/// <summary>Everything of a node's images and root file systems, opened in the order that crash recovery needs.</summary>
public sealed record LocalImages(BlobStore Blobs, LayerStore Layers, RootfsStore Rootfs, ImageStore Images)
{
    /// <param name="dataRoot">
    /// Folder of the engine, made if it is missing, used by one process at a time; on a file system with extended attributes that is no overlay.
    /// </param>
    /// <param name="ids">Who the images' users are on this host; null: the same.</param>
    public static async Task<LocalImages> OpenAsync(string dataRoot, RegistryClient registry, TimeProvider time, ILoggerFactory loggers, IdMap? ids = null)
    {
        var blobs = new BlobStore(Path.Combine(dataRoot, "blobs"));
        var layers = new LayerStore(Path.Combine(dataRoot, "layers"), ids);

        // Before the images: its containers' layers must be held when the images remove what they do not need.
        var rootfs = new RootfsStore(Path.Combine(dataRoot, "rootfs"), layers);
        var logger = loggers.CreateLogger<ImageStore>();
        var images = await ImageStore.OpenAsync(Path.Combine(dataRoot, "images"), blobs, layers, registry, time, logger);
        return new LocalImages(blobs, layers, rootfs, images);
    }
}

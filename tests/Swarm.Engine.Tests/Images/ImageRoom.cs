using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Swarm.Engine.Images;
using Swarm.Engine.Tests.Layers;
using Swarm.Registry;

namespace Swarm.Engine.Tests.Images;

/// <summary>A node's images in a folder of their own.</summary>
internal sealed class ImageRoom : IDisposable, IImageUse
{
    public const string Busybox = "/usr/bin/busybox";

    private readonly RegistryClient _registry = new(new RegistryOptions { RetryDelay = TimeSpan.FromMilliseconds(1) }, TimeProvider.System);

    public TemporaryFolder Folder { get; } = new();

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.UtcNow);

    public LocalImages Local { get; private set; } = null!;

    public ImageStore Images => Local.Images;

    public List<ImageUser> Users { get; } = [];

    public IReadOnlyList<ImageUser> UsersOf(string imageId) => Users;

    private string Root { get; init; } = "";

    public string Data(string name) => Path.Combine(Root.Length > 0 ? Root : Folder["data"], name);

    /// <param name="root">Where its images are; empty: in <see cref="Folder"/>.</param>
    public static async Task<ImageRoom> OpenAsync(string root = "")
    {
        var room = new ImageRoom { Root = root };
        await room.RestartAsync();
        return room;
    }

    /// <summary>As after a kill -9: everything is read from disk anew.</summary>
    public async Task RestartAsync() => Local = await LocalImages.OpenAsync(Data(""), _registry, Time, NullLoggerFactory.Instance);

    public string BusyboxArchive(string reference = "busybox")
    {
        var path = Folder["busybox.tar"];
        using var file = File.Create(path);
        BusyboxImage.Write(file, Busybox, reference);
        return path;
    }

    public async Task<Image> LoadBusyboxAsync(string reference = "busybox")
    {
        await using var file = File.OpenRead(BusyboxArchive(reference));
        var loaded = Assert.Single(await Images.LoadAsync(file, default));
        return Images.Find(loaded.Id)!;
    }

    public int Blobs => Local.Blobs.All().Count();

    public void Dispose()
    {
        _registry.Dispose();
        Local.Rootfs.Remove("c");
        Folder.Dispose();
    }
}

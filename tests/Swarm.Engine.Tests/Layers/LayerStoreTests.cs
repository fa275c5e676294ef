using System.IO.Compression;
using Swarm.Engine.Archives;
using Swarm.Engine.Layers;
using Swarm.Engine.Tests.Archives;
using Swarm.Registry;

namespace Swarm.Engine.Tests.Layers;

public sealed class LayerStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LayerStore _layers;
    private readonly RootfsStore _rootfs;

    public LayerStoreTests()
    {
        _layers = new LayerStore(_folder["layers"]);
        _rootfs = new RootfsStore(_folder["rootfs"], _layers);
    }

    public void Dispose()
    {
        _rootfs.Remove("c");
        _folder.Dispose();
    }

    [Fact]
    public async Task Upper_layers_hide_and_replace_what_is_below()
    {
        var lower = await Unpack([], Tar.Of(
            Tar.Folder("keep"), Tar.File("keep/a", "a"), Tar.File("gone", "x"), Tar.Folder("opaque", 0x1C0), Tar.File("opaque/old", "x"), Tar.Folder("tmp", 0x3FF)));
        var upper = await Unpack([lower], Tar.Of(
            Tar.File(".wh.gone"), Tar.File("opaque/.wh..wh..opq"), Tar.File("opaque/new", "n"), Tar.File("tmp/t", "t"), Tar.File("keep/a", "b")));

        _rootfs.Create("c", [lower.ToString(), upper.ToString()]);
        var root = _rootfs.Mount("c");

        Assert.Equal("b", File.ReadAllText(Path.Combine(root, "keep/a")));
        Assert.False(File.Exists(Path.Combine(root, "gone")));
        Assert.Equal(["new"], Directory.GetFiles(Path.Combine(root, "opaque")).Select(Path.GetFileName));
        Assert.Equal((UnixFileMode)0x3FF, File.GetUnixFileMode(Path.Combine(root, "tmp")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Layer_that_removes_and_remakes_a_folder_shows_only_its_own(bool whiteoutFirst)
    {
        var lower = await Unpack([], Tar.Of(Tar.File("d/sub/old", "x")));
        var whiteout = Tar.File("d/.wh.sub");
        TarEntry[] own = [Tar.Folder("d/sub"), Tar.File("d/sub/own", "x")];
        var upper = await Unpack([lower], Tar.Of(whiteoutFirst ? [whiteout, .. own] : [.. own, whiteout]));

        _rootfs.Create("c", [lower.ToString(), upper.ToString()]);

        Assert.Equal(["own"], Directory.GetFiles(Path.Combine(_rootfs.Mount("c"), "d/sub")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_container_is_described_by_the_folders_of_its_overlay()
    {
        var lower = await Unpack([], Tar.Of(Tar.File("a", "a")));
        var upper = await Unpack([lower], Tar.Of(Tar.File("b", "b")));
        _rootfs.Create("c", [lower.ToString(), upper.ToString()]);
        File.WriteAllText(Path.Combine(_rootfs.Mount("c"), "own"), "x");

        var folders = _rootfs.Describe("c")!;
        Assert.True(File.Exists(Path.Combine(folders["UpperDir"], "own")) && File.Exists(Path.Combine(folders["MergedDir"], "a")) && Directory.Exists(folders["WorkDir"]));
        var lowers = folders["LowerDir"].Split(':');
        Assert.True(File.Exists(Path.Combine(lowers[0], "b")) && File.Exists(Path.Combine(lowers[1], "a")));
        Assert.Null(_rootfs.Describe("other"));
    }

    [Fact]
    public async Task Changes_of_a_container_become_a_layer_with_the_same_view()
    {
        var lower = await Unpack([], Tar.Of(Tar.File("a", "a"), Tar.Folder("d"), Tar.File("d/x", "x")));
        _rootfs.Create("c", [lower.ToString()]);
        var root = _rootfs.Mount("c");
        File.Delete(Path.Combine(root, "a"));
        Directory.Delete(Path.Combine(root, "d"), recursive: true);
        Directory.CreateDirectory(Path.Combine(root, "d"));
        File.WriteAllText(Path.Combine(root, "d/y"), "y");
        var tar = new MemoryStream();
        TreeArchiver.Write(_rootfs.UpperPath("c"), tar, WhiteoutForm.Overlay);
        tar.Position = 0;
        Assert.Contains(Tar.Read(tar), entry => entry.NameText == ".wh.a");
        tar.Position = 0;
        var upper = await Unpack([lower], tar);
        _rootfs.Remove("c");

        _rootfs.Create("c", [lower.ToString(), upper.ToString()]);

        root = _rootfs.Mount("c");
        Assert.False(File.Exists(Path.Combine(root, "a")));
        Assert.Equal(["y"], Directory.GetFiles(Path.Combine(root, "d")).Select(Path.GetFileName));
    }

    /// <summary>Paths of 200 layers take 30 KB: mount(2) would stop at 4.</summary>
    [Fact]
    public async Task Two_hundred_layers_are_mounted()
    {
        var stack = new List<Digest>();
        for (var i = 0; i < 200; i++)
        {
            stack.Add(await Unpack(stack, Tar.Of(Tar.File($"f{i}", $"{i}"))));
        }

        _rootfs.Create("c", [.. stack.Select(id => id.ToString())]);

        Assert.Equal(200, Directory.GetFiles(_rootfs.Mount("c"), "f*").Length);
    }

    [Fact]
    public async Task Mount_is_repeatable_and_survives_a_restart_of_the_store()
    {
        var layer = await Unpack([], Tar.Of(Tar.File("a", "a")));
        _rootfs.Create("c", [layer.ToString()]);
        var root = _rootfs.Mount("c");
        File.WriteAllText(Path.Combine(root, "mine"), "kept");

        var again = new RootfsStore(_folder["rootfs"], new LayerStore(_folder["layers"]));
        Assert.Equal(root, again.Mount("c"));
        Assert.Equal("kept", File.ReadAllText(Path.Combine(root, "mine")));
        Assert.Single(File.ReadLines("/proc/self/mountinfo"), line => line.Contains(root, StringComparison.Ordinal));
        again.Unmount("c");
        Assert.Empty(Directory.GetFileSystemEntries(root));
        Assert.Equal("kept", File.ReadAllText(Path.Combine(again.Mount("c"), "mine")));
        again.Remove("c");
        again.Remove("c");
        Assert.False(Directory.Exists(_folder["rootfs/c"]));
    }

    [Fact]
    public void Image_without_layers_gives_an_empty_writable_root()
    {
        _rootfs.Create("c", []);
        File.WriteAllText(Path.Combine(_rootfs.Mount("c"), "x"), "x");
    }

    [Fact]
    public async Task Layer_of_another_diff_id_is_refused_and_leaves_nothing()
    {
        var error = await Assert.ThrowsAsync<InvalidDataException>(
            () => _layers.UnpackAsync([], Digest.Of("other"u8), () => Tar.Of(Tar.File("a", "a")), default));
        Assert.Contains("configuration says", error.Message);
        Assert.Empty(Directory.GetFileSystemEntries(_folder["layers"]));
    }

    [Fact]
    public async Task Truncated_compressed_layer_is_refused_and_leaves_nothing()
    {
        var tar = Tar.Of(Tar.File("a", new string('x', 100_000))).ToArray();
        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.NoCompression, leaveOpen: true))
        {
            gzip.Write(tar);
        }

        var cut = compressed.ToArray()[..50_000];
        await Assert.ThrowsAsync<InvalidDataException>(() => _layers.UnpackAsync([], Digest.Of(tar), () => new MemoryStream(cut), default));
        Assert.Empty(Directory.GetFileSystemEntries(_folder["layers"]));
    }

    [Fact]
    public async Task Callers_at_once_share_one_unpacking()
    {
        var tar = Tar.Of(Tar.File("a", "a")).ToArray();
        var opened = 0;
        var all = Enumerable.Range(0, 16).Select(_ => Task.Run(() => _layers.UnpackAsync(
            [],
            Digest.Of(tar),
            () =>
            {
                Interlocked.Increment(ref opened);
                return new MemoryStream(tar);
            },
            default)));
        await Task.WhenAll(all);
        Assert.Equal(1, opened);
    }

    [Fact]
    public async Task A_layer_that_is_not_needed_any_more_goes_with_the_last_hold_on_it()
    {
        var id = ChainId.Of([await Unpack([], Tar.Of(Tar.File("a", "a")))])[^1];
        _layers.Hold([id]);
        _layers.Hold([id]);
        Assert.False(_layers.TryDelete(id));
        _layers.Release([id]);
        Assert.NotNull(_layers.Find(id));
        _layers.Release([id]);
        Assert.Null(_layers.Find(id));
    }

    [Fact]
    public async Task A_layer_that_is_needed_again_outlives_the_holds()
    {
        var id = ChainId.Of([await Unpack([], Tar.Of(Tar.File("a", "a")))])[^1];
        _layers.Hold([id]);
        _layers.TryDelete(id);
        _layers.Spare([id]);
        _layers.Release([id]);
        Assert.NotNull(_layers.Find(id));
    }

    [Fact]
    public void Leftovers_of_a_crash_are_removed_at_the_start()
    {
        Directory.CreateDirectory(_folder["layers/tmp-dead/diff"]);
        Directory.CreateDirectory(_folder["rootfs/.tmp-dead/upper"]);
        _ = new RootfsStore(_folder["rootfs"], new LayerStore(_folder["layers"]));
        Assert.False(Directory.Exists(_folder["layers/tmp-dead"]));
        Assert.False(Directory.Exists(_folder["rootfs/.tmp-dead"]));
    }

    [Theory]
    [InlineData("../c")]
    [InlineData("")]
    [InlineData(".empty")]
    public void Container_id_that_is_a_path_is_refused(string id) => Assert.Throws<EngineException>(() => _rootfs.Create(id, []));

    private async Task<Digest> Unpack(IReadOnlyList<Digest> below, MemoryStream tar)
    {
        var diffId = Digest.Of(tar.ToArray());
        await _layers.UnpackAsync(below, diffId, () => new MemoryStream(tar.ToArray()), default);
        return diffId;
    }
}

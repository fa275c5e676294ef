using System.IO.Compression;
using System.Text;
using Swarm.Engine.Archives;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Images;
using Swarm.Engine.Tests.Archives;
using Swarm.Registry.Tests;

namespace Swarm.Engine.Tests.Images;

public sealed class ImageStoreTests
{
    [Fact]
    public async Task Archive_of_another_platform_than_the_one_asked_for_is_not_loaded()
    {
        using var room = await ImageRoom.OpenAsync();
        var other = ImagePlatform.Parse(ImagePull.Architecture == "arm64" ? "linux/amd64" : "linux/arm64");
        await using (var file = File.OpenRead(room.BusyboxArchive()))
        {
            var refusal = await Assert.ThrowsAsync<EngineException>(() => room.Images.LoadAsync(file, default, other));
            Assert.Equal(404, refusal.Status);
        }

        Assert.Empty(room.Images.List());
        Assert.Equal(0, room.Blobs);
        await using var again = File.OpenRead(room.BusyboxArchive());
        Assert.Single(await room.Images.LoadAsync(again, default, ImagePlatform.Own));
    }

    [Fact]
    public async Task Loaded_image_is_found_by_every_name_and_runs()
    {
        using var room = await ImageRoom.OpenAsync();
        var image = await room.LoadBusyboxAsync();

        Assert.Equal("busybox:latest", Assert.Single(image.RepoTags));
        foreach (var name in new[] { "busybox", "busybox:latest", "docker.io/library/busybox", image.Id, image.Id[7..], image.Id[7..19], image.Id[..19] })
        {
            Assert.Equal(image.Id, room.Images.Find(name)?.Id);
        }

        Assert.Null(room.Images.Find("busybox:other"));
        Assert.Null(room.Images.Find("busybo"));
        Assert.Equal("sh", Assert.Single(image.Config.Cmd));
        room.Local.Rootfs.Create("c", image.DiffIds);
        var root = room.Local.Rootfs.Mount("c");
        Assert.Equal("hello\n", Tar.Run("chroot", root, "/bin/sh", "-c", "echo hello > /tmp/x && cat /tmp/x"));
        Assert.Equal("root\n", Tar.Run("chroot", root, "/usr/bin/env", "id", "-un"));
    }

    [Fact]
    public async Task Busybox_archive_is_the_same_every_time()
    {
        using var room = await ImageRoom.OpenAsync();
        var first = File.ReadAllBytes(room.BusyboxArchive());
        Assert.Equal(first, File.ReadAllBytes(room.BusyboxArchive()));
        Assert.Throws<InvalidDataException>(() => BusyboxImage.Write(new MemoryStream(), "/bin/ls", "x"));
    }

    [Fact]
    public async Task Saved_images_load_elsewhere_as_the_same()
    {
        using var here = await ImageRoom.OpenAsync();
        using var there = await ImageRoom.OpenAsync();
        var image = await here.LoadBusyboxAsync();
        here.Images.Tag("busybox", ImageReference.Parse("localhost:5000/a/b:tag"));
        var archive = new MemoryStream();
        here.Images.Save(["busybox", "localhost:5000/a/b:tag"]).WriteTo(archive, default);
        archive.Position = 0;

        var loaded = await there.Images.LoadAsync(archive, default);

        Assert.Equal(["busybox:latest", "localhost:5000/a/b:tag"], loaded.Select(one => one.Reference));
        Assert.Equal(image.Id, there.Images.Find("busybox")!.Id);
    }

    [Fact]
    public async Task A_saved_images_configuration_is_of_the_time_that_the_image_was_made()
    {
        using var room = await ImageRoom.OpenAsync();
        var busybox = await room.LoadBusyboxAsync();
        var made = await room.Images.CommitAsync(new ImageCommit { ParentId = busybox.Id, Config = new ContainerConfig() }, default);
        var archive = new MemoryStream();
        room.Images.Save([made.Id]).WriteTo(archive, default);
        archive.Position = 0;
        var entry = Tar.Read(archive).Single(entry => entry.NameText == "blobs/sha256/" + made.Id[7..]);
        Assert.Equal(made.Created!.Value.ToUnixTimeSeconds(), entry.Modified.Seconds);
    }

    [Fact]
    public async Task Compressed_archive_and_OCI_layout_are_loaded()
    {
        using var room = await ImageRoom.OpenAsync();
        var archive = room.BusyboxArchive();
        LocalRegistry.Skopeo("copy", $"docker-archive:{archive}", $"oci-archive:{room.Folder["oci.tar"]}:docker.io/library/busybox:oci");
        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(File.ReadAllBytes(archive));
        }

        compressed.Position = 0;
        Assert.Equal("busybox:latest", Assert.Single(await room.Images.LoadAsync(compressed, default)).Reference);
        Assert.Equal("busybox:oci", Assert.Single(await room.Images.LoadAsync(File.OpenRead(room.Folder["oci.tar"]), default)).Reference);
        Assert.Equal(Assert.Single(room.Images.Find("busybox")!.DiffIds), Assert.Single(room.Images.Find("busybox:oci")!.DiffIds));
    }

    [Fact]
    public async Task Everything_is_there_after_a_restart()
    {
        using var room = await ImageRoom.OpenAsync();
        var image = await room.LoadBusyboxAsync();
        room.Images.Tag("busybox", ImageReference.Parse("mine:1"));
        await room.RestartAsync();
        Assert.Equal(["busybox:latest", "mine:1"], room.Images.Find(image.Id)!.RepoTags.AsEnumerable());
        Assert.Equal(image.Size, room.Images.Find("mine:1")!.Size);
    }

    [Fact]
    public async Task Lost_layer_is_unpacked_again_at_the_start()
    {
        using var room = await ImageRoom.OpenAsync();
        var image = await room.LoadBusyboxAsync();
        Tree.Delete(Directory.GetDirectories(room.Folder["data/layers"]).Single());
        await room.RestartAsync();
        room.Local.Rootfs.Create("c", room.Images.Find(image.Id)!.DiffIds);
        Assert.True(File.Exists(Path.Combine(room.Local.Rootfs.Mount("c"), "bin/sh")));
    }

    [Fact]
    public async Task Image_whose_blob_is_damaged_is_left_out_and_can_be_loaded_again()
    {
        using var room = await ImageRoom.OpenAsync();
        var image = await room.LoadBusyboxAsync();
        File.WriteAllText(room.Folder["data/blobs/sha256/" + image.Id[7..]], "damaged");
        await room.RestartAsync();
        Assert.Null(room.Images.Find("busybox"));
        Assert.Equal(image.Id, (await room.LoadBusyboxAsync()).Id);
        await room.RestartAsync();
        Assert.NotNull(room.Images.Find("busybox"));
    }

    [Fact]
    public async Task Blobs_that_no_image_needs_are_removed_a_day_later()
    {
        using var room = await ImageRoom.OpenAsync();
        await room.LoadBusyboxAsync();
        var needed = room.Blobs;
        room.Local.Blobs.Write("of a pull that was cut"u8);
        await room.RestartAsync();
        Assert.Equal(needed + 1, room.Blobs);
        room.Time.Advance(TimeSpan.FromHours(25));
        await room.RestartAsync();
        Assert.Equal(needed, room.Blobs);
        Assert.NotNull(room.Images.Find("busybox"));
    }

    [Fact]
    public async Task Truncated_archive_is_refused_and_leaves_nothing()
    {
        using var room = await ImageRoom.OpenAsync();
        var archive = File.ReadAllBytes(room.BusyboxArchive());
        var error = await Assert.ThrowsAsync<EngineException>(() => room.Images.LoadAsync(new MemoryStream(archive, 0, 1_000_000), default));
        Assert.Equal((400, "unexpected EOF: the tar archive is cut short"), (error.Status, error.Message));
        Assert.Empty(Directory.GetFiles(room.Folder["data/blobs"], "*", SearchOption.AllDirectories));
        Assert.Empty(room.Images.List());
    }

    [Theory]
    [InlineData("""[{"Config":"config.json","RepoTags":["x"],"Layers":["missing/layer.tar"]}]""")]
    [InlineData("""[{"Config":"../../../etc/passwd","RepoTags":["x"],"Layers":[]}]""")]
    [InlineData("""[{"Config":"config.json","RepoTags":["NOT A NAME"],"Layers":["layer"]}]""")]
    [InlineData("""[{"Config":"config.json","Layers":[]}]""")]
    [InlineData("""[{"Config":"config.json","Layers":["layer"]}]""")]
    [InlineData("""[{"Layers":["layer"]}]""")]
    [InlineData("""[{"Config":null,"Layers":[null]}]""")]
    [InlineData("[null]")]
    [InlineData("{}")]
    public async Task Archive_that_lies_is_refused_and_leaves_nothing(string manifest)
    {
        using var room = await ImageRoom.OpenAsync();
        var config = $$"""{"os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:{{new string('0', 64)}}"] } }""";
        var archive = Tar.Of(Tar.File("config.json", config), Tar.File("layer", "no layer"), Tar.File("manifest.json", manifest));
        Assert.Equal(400, (await Assert.ThrowsAsync<EngineException>(() => room.Images.LoadAsync(archive, default))).Status);
        Assert.Equal(0, room.Blobs);
        Assert.Empty(Directory.GetDirectories(room.Folder["data/layers"]));
    }

    [Fact]
    public async Task Something_else_than_an_archive_is_refused()
    {
        using var room = await ImageRoom.OpenAsync();
        var archive = new MemoryStream(Encoding.ASCII.GetBytes(new string('x', 5000)));
        Assert.Equal(400, (await Assert.ThrowsAsync<EngineException>(() => room.Images.LoadAsync(archive, default))).Status);
    }
}

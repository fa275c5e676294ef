using System.Text;
using Swarm.Engine.Archives;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Images;

namespace Swarm.Engine.Tests.Images;

public sealed class ImageCommitTests
{
    [Fact]
    public async Task What_a_container_changed_becomes_a_layer_that_hides_what_it_removed()
    {
        using var room = await ImageRoom.OpenAsync();
        var below = await room.LoadBusyboxAsync();
        room.Local.Rootfs.Create("c", below.DiffIds);
        var root = room.Local.Rootfs.Mount("c");
        File.WriteAllText(Path.Combine(root, "new"), "new");
        File.Delete(Path.Combine(root, "bin/sh"));
        room.Local.Rootfs.Unmount("c");
        var image = await room.Images.CommitAsync(
            new ImageCommit
            {
                ParentId = below.Id,
                Config = new ContainerConfig { Cmd = ["/new"], Hostname = "not kept", Labels = new() { ["a"] = "b" } },
                Layer = room.Local.Images.UpperArchive(room.Local.Rootfs.UpperPath("c")),
                Comment = "why",
                Author = "who",
                Name = ImageReference.Parse("made"),
            },
            default);
        room.Local.Rootfs.Remove("c");

        Assert.Equal(below.Id, image.Parent);
        Assert.Equal(2, image.DiffIds.Length);
        Assert.Equal("made:latest", Assert.Single(image.RepoTags));
        await room.RestartAsync();
        Assert.Equal(below.Id, room.Images.Find("made")!.Parent);
        room.Local.Rootfs.Create("c", image.DiffIds);
        root = room.Local.Rootfs.Mount("c");
        Assert.Equal("new", File.ReadAllText(Path.Combine(root, "new")));
        Assert.False(File.Exists(Path.Combine(root, "bin/sh")));
        Assert.True(File.Exists(Path.Combine(root, "bin/busybox")));
        var details = room.Images.Inspect("made");
        Assert.Equal(("why", "who"), (details.Comment, details.Author));
        Assert.DoesNotContain("not kept", details.RawConfig.GetRawText());
    }

    [Fact]
    public async Task An_archive_is_imported_with_its_changes()
    {
        using var room = await ImageRoom.OpenAsync();
        using var archive = new MemoryStream();
        var writer = new TarWriter(archive);
        writer.Write(new TarEntry { Type = TarEntryType.File, Name = "f"u8.ToArray(), Mode = 0x1A4 }, "content"u8);
        writer.Finish();
        archive.Position = 0;
        var image = await room.Images.ImportAsync(
            archive, new ImageImport { Name = ImageReference.Parse("in:1"), Message = "hello", Changes = ["ENV a=b", "CMD [\"/f\"]", "EXPOSE 80"] }, default);
        Assert.Equal("/f", Assert.Single(image.Config.Cmd));
        Assert.Equal("80/tcp", Assert.Single(image.Config.ExposedPorts));
        Assert.Contains("a=b", image.Config.Env);
        Assert.Equal(7, image.Size);
        Assert.Equal("hello", Assert.Single(room.Images.History("in:1")).Comment);
    }

    [Theory]
    [InlineData("RUN true", "run is not a valid change command")]
    [InlineData("FOO", "dockerfile parse error on line 1: unknown instruction: FOO")]
    public async Task A_change_that_is_none_is_refused_before_anything_is_kept(string change, string message)
    {
        using var room = await ImageRoom.OpenAsync();
        var error = await Assert.ThrowsAsync<EngineException>(
            () => room.Images.ImportAsync(new MemoryStream(new byte[1024]), new ImageImport { Changes = [change] }, default));
        Assert.Equal((400, message), (error.Status, error.Message));
        Assert.Equal(0, room.Blobs);
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("../escape")]
    public async Task A_bad_archive_leaves_nothing(string kind)
    {
        using var room = await ImageRoom.OpenAsync();
        using var archive = new MemoryStream();
        if (kind == "garbage")
        {
            archive.Write(Encoding.ASCII.GetBytes(new string('x', 2048)));
        }
        else
        {
            var writer = new TarWriter(archive);
            writer.Write(new TarEntry { Type = TarEntryType.File, Name = Encoding.ASCII.GetBytes(kind), Mode = 0x1A4 }, "x"u8);
            writer.Finish();
        }

        archive.Position = 0;
        Assert.Equal(400, (await Assert.ThrowsAsync<EngineException>(() => room.Images.ImportAsync(archive, new ImageImport(), default))).Status);
        Assert.Equal(0, room.Blobs);
        Assert.Empty(room.Images.List());
        Assert.Empty(room.Local.Layers.All);
    }
}

using Swarm.Engine.Images;

namespace Swarm.Engine.Tests.Images;

public sealed class ImageRemovalTests
{
    [Fact]
    public async Task Last_name_takes_the_image_with_it()
    {
        using var room = await ImageRoom.OpenAsync();
        var image = await room.LoadBusyboxAsync();
        room.Images.Tag("busybox", ImageReference.Parse("other:1"));

        Assert.Equal([new ImageDeletion(Untagged: "busybox:latest")], room.Images.Remove("busybox", false, true, room));
        Assert.Equal(
            [new(Untagged: "other:1"), new(Deleted: image.Id), new ImageDeletion(Deleted: image.DiffIds[0])], room.Images.Remove("other:1", false, true, room));

        Assert.Equal(0, room.Blobs);
        Assert.Empty(Directory.GetDirectories(room.Folder["data/layers"]));
        var error = Assert.Throws<EngineException>(() => room.Images.Remove("busybox", false, true, room));
        Assert.Equal((404, "No such image: busybox:latest"), (error.Status, error.Message));
    }

    [Fact]
    public async Task Id_of_several_repositories_needs_force()
    {
        using var room = await ImageRoom.OpenAsync();
        var image = await room.LoadBusyboxAsync();
        room.Images.Tag("busybox", ImageReference.Parse("other:1"));
        var error = Assert.Throws<EngineException>(() => room.Images.Remove(image.Id, false, true, room));
        Assert.Equal(409, error.Status);
        Assert.EndsWith("(must be forced) - image is referenced in multiple repositories", error.Message);
        Assert.Equal(4, room.Images.Remove(image.Id, true, true, room).Count);
        Assert.Empty(room.Images.List());
    }

    [Fact]
    public async Task Container_keeps_its_image()
    {
        using var room = await ImageRoom.OpenAsync();
        var image = await room.LoadBusyboxAsync();
        room.Users.Add(new ImageUser(new string('c', 64), Running: true, "busybox"));
        Assert.Equal(
            $"conflict: unable to remove repository reference \"busybox\" (must force) - container cccccccccccc is using its referenced image {image.Id[7..19]}",
            Assert.Throws<EngineException>(() => room.Images.Remove("busybox", false, true, room)).Message);
        Assert.EndsWith(
            "(cannot be forced) - image is being used by running container cccccccccccc",
            Assert.Throws<EngineException>(() => room.Images.Remove(image.Id, true, true, room)).Message);

        // Forced by name: the name goes, the image stays.
        Assert.Equal([new ImageDeletion(Untagged: "busybox:latest")], room.Images.Remove("busybox", true, true, room));
        Assert.NotNull(room.Images.Find(image.Id));
        Assert.Empty(room.Images.Prune(all: true, _ => true, room).Deleted);
    }

    [Fact]
    public async Task Layers_of_a_stopped_container_outlive_its_image()
    {
        using var room = await ImageRoom.OpenAsync();
        var image = await room.LoadBusyboxAsync();
        room.Local.Rootfs.Create("c", image.DiffIds);
        room.Users.Add(new ImageUser("c", Running: false, "busybox"));
        Assert.Contains("stopped container c", Assert.Throws<EngineException>(() => room.Images.Remove(image.Id, false, true, room)).Message);

        room.Images.Remove(image.Id, true, true, room);
        await room.RestartAsync();

        Assert.Null(room.Images.Find(image.Id));
        Assert.True(File.Exists(Path.Combine(room.Local.Rootfs.Mount("c"), "bin/sh")));
        room.Local.Rootfs.Remove("c");
        await room.RestartAsync();
        Assert.Empty(Directory.GetDirectories(room.Folder["data/layers"]));
    }

    [Fact]
    public async Task Prune_takes_what_has_no_tag_and_reports_the_bytes()
    {
        using var room = await ImageRoom.OpenAsync();
        var image = await room.LoadBusyboxAsync();
        Assert.Empty(room.Images.Prune(all: false, _ => true, room).Deleted);
        var (deleted, bytes) = room.Images.Prune(all: true, _ => true, room);
        Assert.Contains(new ImageDeletion(Deleted: image.Id), deleted);
        Assert.Equal(image.Size, bytes);
    }

    [Fact]
    public async Task Name_moves_to_the_image_that_is_loaded_last()
    {
        using var room = await ImageRoom.OpenAsync();
        var image = await room.LoadBusyboxAsync();
        room.Images.Tag("busybox", ImageReference.Parse("moving:1"));
        Assert.Equal(image.Id, room.Images.Find("moving:1")!.Id);
        var error = Assert.Throws<EngineException>(() => room.Images.Tag("nobody", ImageReference.Parse("moving:1")));
        Assert.Equal(404, error.Status);
    }
}

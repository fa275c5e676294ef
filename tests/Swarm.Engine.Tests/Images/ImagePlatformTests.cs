using System.Text;
using Swarm.Engine.Archives;
using Swarm.Engine.Images;
using Swarm.Engine.Tests.Archives;
using Swarm.Registry;

namespace Swarm.Engine.Tests.Images;

/// <summary>`docker load --platform` of an OCI layout whose index holds an image for each of several platforms.</summary>
public sealed class ImagePlatformTests
{
    private readonly Dictionary<string, string> _files = [];

    [Theory]
    [InlineData("linux/arm64", "arm64", "")]
    [InlineData("linux/amd64", "amd64", "")]
    [InlineData("linux/arm/v6", "arm", "v6")]
    [InlineData("linux/arm/v7", "arm", "v7")]
    public async Task The_one_asked_for_is_loaded_and_nothing_of_the_others(string wanted, string architecture, string variant)
    {
        using var room = await ImageRoom.OpenAsync();
        var loaded = Assert.Single(await room.Images.LoadAsync(Layout(), default, ImagePlatform.Parse(wanted)));

        Assert.Equal("many:1", loaded.Reference);
        var image = room.Images.Find("many:1")!;
        Assert.Equal(loaded.Id, image.Id);
        Assert.Equal(architecture, image.Architecture);
        var file = Path.Combine(Assert.Single(room.Local.Layers.All.Values).Path, "platform");
        Assert.Equal(variant.Length > 0 ? $"{architecture}/{variant}" : architecture, File.ReadAllText(file));
        Assert.Equal(3, room.Blobs);
    }

    [Fact]
    public async Task This_machines_is_loaded_if_none_is_asked_for()
    {
        using var room = await ImageRoom.OpenAsync();
        await room.Images.LoadAsync(Layout(), default);
        Assert.Equal(ImagePull.Architecture, room.Images.Find("many:1")!.Architecture);
    }

    [Fact]
    public async Task One_that_the_index_lacks_is_refused_and_leaves_nothing()
    {
        using var room = await ImageRoom.OpenAsync();
        var refusal = await Assert.ThrowsAsync<EngineException>(() => room.Images.LoadAsync(Layout(), default, ImagePlatform.Parse("linux/s390x")));
        Assert.Equal((404, "no matching manifest for linux/s390x in the archive: not found"), (refusal.Status, refusal.Message));
        Assert.Empty(room.Images.List());
        Assert.Equal(0, room.Blobs);
    }

    private MemoryStream Layout()
    {
        var manifests = new[] { ("amd64", ""), ("arm64", ""), ("arm", "v6"), ("arm", "v7") }.Select(platform => Image(platform.Item1, platform.Item2));
        var index = Add($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":[{{string.Join(',', manifests)}}]}""");
        _files["index.json"] = $$"""
            {"schemaVersion":2,"manifests":[{"mediaType":"{{MediaTypes.OciIndex}}","digest":"{{index.Digest}}","size":{{index.Size}},
            "annotations":{"io.containerd.image.name":"docker.io/library/many:1"} }]}
            """;
        _files["oci-layout"] = """{"imageLayoutVersion":"1.0.0"}""";
        return Tar.Of([.. _files.Select(file => Tar.File(file.Key, file.Value))]);
    }

    /// <summary>An image of one layer, which says what it is for; answers its entry in the index.</summary>
    private string Image(string architecture, string variant)
    {
        var layer = Add(Encoding.ASCII.GetString(Tar.Of(Tar.File("platform", variant.Length > 0 ? $"{architecture}/{variant}" : architecture)).ToArray()));
        var stated = variant.Length > 0 ? $""","variant":"{variant}" """ : "";
        var config = Add($$"""{"architecture":"{{architecture}}","os":"linux"{{stated}},"config":{},"rootfs":{"type":"layers","diff_ids":["{{layer.Digest}}"]} }""");
        var manifest = Add($$"""
            {"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","config":{"mediaType":"{{MediaTypes.OciConfig}}","digest":"{{config.Digest}}","size":{{config.Size}} },
            "layers":[{"mediaType":"{{MediaTypes.OciLayer}}","digest":"{{layer.Digest}}","size":{{layer.Size}} }]}
            """);
        return $$"""{"mediaType":"{{MediaTypes.OciManifest}}","digest":"{{manifest.Digest}}","size":{{manifest.Size}},"platform":{"os":"linux","architecture":"{{architecture}}"{{stated}} } }""";
    }

    private (Digest Digest, int Size) Add(string content)
    {
        var digest = Digest.Of(Encoding.ASCII.GetBytes(content));
        _files[$"blobs/sha256/{digest.Hex}"] = content;
        return (digest, content.Length);
    }
}

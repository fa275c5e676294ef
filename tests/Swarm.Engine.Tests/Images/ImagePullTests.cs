using System.Net.Http.Headers;
using System.Text;
using Swarm.Engine.Images;
using Swarm.Registry;
using Swarm.Registry.Tests;

namespace Swarm.Engine.Tests.Images;

/// <summary>Against Debian's docker-registry, filled by skopeo.</summary>
public sealed class ImagePullTests
{
    [Theory]
    [InlineData("gzip", "v2s2")]
    [InlineData("gzip", "oci")]
    [InlineData("zstd", "oci")]
    public async Task Image_is_pulled_in_every_form(string compression, string format)
    {
        using var room = await ImageRoom.OpenAsync();
        await using var registry = await LocalRegistry.StartAsync();
        registry.Push($"docker-archive:{room.BusyboxArchive()}", "team/box:1", "--format", format, "--dest-compress", "--dest-compress-format", compression);
        var steps = new List<PullProgress>();

        var image = await room.Images.PullAsync($"{registry.Host}/team/box:1", null, steps.Add, default);

        Assert.Equal($"{registry.Host}/team/box:1", Assert.Single(image.RepoTags));
        Assert.StartsWith($"{registry.Host}/team/box@sha256:", Assert.Single(image.RepoDigests));
        Assert.Equal($"Pulling from {registry.Host}/team/box", steps[0].Status);
        Assert.Equal($"Status: Downloaded newer image for {registry.Host}/team/box:1", steps[^1].Status);
        Assert.Contains(steps, step => step.Status == "Pull complete");
        room.Local.Rootfs.Create("c", image.DiffIds);
        Assert.True(File.Exists(Path.Combine(room.Local.Rootfs.Mount("c"), "bin/sh")));

        steps.Clear();
        Assert.Equal(image.Id, (await room.Images.PullAsync(image.RepoDigests[0], null, steps.Add, default)).Id);
        Assert.DoesNotContain(steps, step => step.Status is "Already exists" or "Pull complete");
        Assert.StartsWith("Status: Image is up to date for ", steps[^1].Status);
    }

    /// <summary>Docker's way to say whether anything was changed, which tools read.</summary>
    [Fact]
    public async Task A_tag_that_was_not_here_is_newer_though_its_image_was()
    {
        using var room = await ImageRoom.OpenAsync();
        await using var registry = await LocalRegistry.StartAsync();
        registry.Push($"docker-archive:{room.BusyboxArchive()}", "box:1");
        registry.Push($"docker-archive:{room.BusyboxArchive()}", "box:2");
        await room.Images.PullAsync($"{registry.Host}/box:1", null, null, default);
        var steps = new List<PullProgress>();

        var image = await room.Images.PullAsync($"{registry.Host}/box:2", null, steps.Add, default);

        Assert.Equal([$"Pulling from {registry.Host}/box", "Digest:", $"Status: Downloaded newer image for {registry.Host}/box:2"], steps.Select(step => step.Status.StartsWith("Digest:", StringComparison.Ordinal) ? "Digest:" : step.Status));
        Assert.Equal([$"{registry.Host}/box:1", $"{registry.Host}/box:2"], image.RepoTags.Order());
        steps.Clear();
        await room.Images.PullAsync($"{registry.Host}/box:2", null, steps.Add, default);
        Assert.Equal($"Status: Image is up to date for {registry.Host}/box:2", steps[^1].Status);
    }

    [Fact]
    public async Task Index_gives_the_image_of_this_platform()
    {
        using var room = await ImageRoom.OpenAsync();
        await using var registry = await LocalRegistry.StartAsync();
        registry.Push($"docker-archive:{room.BusyboxArchive()}", "box:foreign", "--format", "oci");
        registry.Push($"docker-archive:{room.BusyboxArchive()}", "box:native", "--format", "v2s2");
        using var client = new RegistryClient(new RegistryOptions(), TimeProvider.System);
        var native = await client.Repository(registry.Host, "box", null).GetManifestAsync("native", default);
        var foreign = await client.Repository(registry.Host, "box", null).GetManifestAsync("foreign", default);
        await PutIndexAsync(registry, "both", Entry(foreign, "s390x"), Entry(native, ImagePull.Architecture));
        await PutIndexAsync(registry, "only", Entry(foreign, "s390x"));

        var image = await room.Images.PullAsync($"{registry.Host}/box:both", null, null, default);

        Assert.Equal(native.Manifest.Config!.Digest, image.Id);
        Assert.True(room.Local.Blobs.Contains(native.Digest));
        Assert.False(room.Local.Blobs.Contains(foreign.Digest));
        var error = await Assert.ThrowsAsync<EngineException>(() => room.Images.PullAsync($"{registry.Host}/box:only", null, null, default));
        Assert.Equal((404, $"no matching manifest for linux/{ImagePull.Architecture} in the manifest list entries"), (error.Status, error.Message));
    }

    [Fact]
    public async Task Password_of_the_header_lets_in()
    {
        using var room = await ImageRoom.OpenAsync();
        await using var registry = await LocalRegistry.StartAsync(password: true);
        registry.Push($"docker-archive:{room.BusyboxArchive()}", "box:1");
        var header = Convert.ToBase64String(Encoding.UTF8.GetBytes(
            $$"""{"username":"{{LocalRegistry.User}}","password":"{{LocalRegistry.Password}}","serveraddress":"{{registry.Host}}"}"""))
            .Replace('+', '-').Replace('/', '_');

        Assert.NotNull(await room.Images.PullAsync($"{registry.Host}/box:1", header, null, default));

        var error = await Assert.ThrowsAsync<EngineException>(() => room.Images.PullAsync($"{registry.Host}/box:1", null, null, default));
        Assert.EndsWith("no basic auth credentials", error.Message);
        Assert.Equal(400, (await Assert.ThrowsAsync<EngineException>(() => room.Images.PullAsync($"{registry.Host}/box:1", "%%%", null, default))).Status);
    }

    [Fact]
    public async Task Unknown_names_have_Dockers_words()
    {
        using var room = await ImageRoom.OpenAsync();
        await using var registry = await LocalRegistry.StartAsync();
        registry.Push($"docker-archive:{room.BusyboxArchive()}", "box:1");
        var error = await Assert.ThrowsAsync<EngineException>(() => room.Images.PullAsync($"{registry.Host}/box:2", null, null, default));
        Assert.Equal((404, $"manifest for {registry.Host}/box:2 not found: manifest unknown: manifest unknown"), (error.Status, error.Message));
        Assert.Equal(0, room.Blobs);
    }

    [Fact]
    public async Task Pulls_at_once_all_succeed_and_leave_one_image()
    {
        using var room = await ImageRoom.OpenAsync();
        await using var registry = await LocalRegistry.StartAsync();
        registry.Push($"docker-archive:{room.BusyboxArchive()}", "box:1");
        registry.Push($"docker-archive:{room.BusyboxArchive()}", "other:1");
        var names = Enumerable.Range(0, 12).Select(i => $"{registry.Host}/{(i % 2 == 0 ? "box" : "other")}:1");

        var pulled = await Task.WhenAll(names.Select(name => Task.Run(() => room.Images.PullAsync(name, null, null, default))));

        Assert.Single(pulled.Select(image => image.Id).Distinct());
        Assert.Equal(2, Assert.Single(room.Images.List()).RepoTags.Length);
        Assert.Empty(Directory.GetFiles(room.Folder["data/blobs/ingest"]));
    }

    private static Descriptor Entry(FetchedManifest manifest, string architecture) => new()
    {
        MediaType = manifest.MediaType,
        Digest = manifest.Digest.ToString(),
        Size = manifest.Content.Length,
        Platform = new Platform { Os = "linux", Architecture = architecture },
    };

    private static async Task PutIndexAsync(LocalRegistry registry, string tag, params Descriptor[] entries)
    {
        using var http = new HttpClient();
        var index = new Manifest { SchemaVersion = 2, MediaType = MediaTypes.DockerList, Manifests = [.. entries] };
        using var content = new ByteArrayContent(index.ToJson());
        content.Headers.ContentType = new MediaTypeHeaderValue(MediaTypes.DockerList);
        using var response = await http.PutAsync($"http://{registry.Host}/v2/box/manifests/{tag}", content);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }
}

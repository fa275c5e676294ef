namespace Swarm.Registry.Tests;

/// <summary>Against Debian's docker-registry.</summary>
public sealed class DockerRegistryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("swarm-images-").FullName;
    private readonly RegistryClient _client = new(new RegistryOptions(), TimeProvider.System);
    private readonly Dictionary<Digest, byte[]> _layers;

    public DockerRegistryTests() => _layers = OciLayout.Write(Path.Combine(_folder, "layout"), layers: 3, bytesPerLayer: 300_000);

    public void Dispose()
    {
        _client.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Image_is_read_by_tag_and_by_digest()
    {
        await using var registry = await LocalRegistry.StartAsync();
        registry.Push($"oci:{_folder}/layout:{OciLayout.Tag}", "team/app:v1");
        var repository = _client.Repository(registry.Host, "team/app", null);

        await repository.PingAsync(default);
        var byTag = await repository.GetManifestAsync("v1", default);
        var byDigest = await repository.GetManifestAsync(byTag.Digest.ToString(), default);

        Assert.Equal(byTag.Content, byDigest.Content);
        Assert.Equal(_layers.Keys, byTag.Manifest.Layers!.Select(layer => Digest.Parse(layer.Digest)));
        foreach (var layer in byTag.Manifest.Layers!)
        {
            var path = Path.Combine(_folder, Digest.Parse(layer.Digest).Hex);
            var seen = 0L;
            await repository.DownloadBlobAsync(layer, path, bytes => seen = bytes, default);
            Assert.Equal(_layers[Digest.Parse(layer.Digest)], File.ReadAllBytes(path));
            Assert.Equal(layer.Size, seen);
        }
    }

    [Fact]
    public async Task What_is_not_there_is_named()
    {
        await using var registry = await LocalRegistry.StartAsync();
        registry.Push($"oci:{_folder}/layout:{OciLayout.Tag}", "team/app:v1");
        var error = await Assert.ThrowsAsync<RegistryException>(() => _client.Repository(registry.Host, "team/app", null).GetManifestAsync("v2", default));
        Assert.Equal((RegistryFault.ManifestUnknown, "manifest unknown: manifest unknown"), (error.Fault, error.Message));
    }

    [Fact]
    public async Task Password_lets_in_and_nothing_else_does()
    {
        await using var registry = await LocalRegistry.StartAsync(password: true);
        registry.Push($"oci:{_folder}/layout:{OciLayout.Tag}", "team/app:v1");

        var anonymous = await Assert.ThrowsAsync<RegistryException>(() => _client.Repository(registry.Host, "team/app", null).PingAsync(default));
        Assert.Equal((RegistryFault.Unauthorized, "no basic auth credentials"), (anonymous.Fault, anonymous.Message));

        var wrong = new RegistryCredentials { User = LocalRegistry.User, Password = "wrong" };
        var refused = await Assert.ThrowsAsync<RegistryException>(() => _client.Repository(registry.Host, "team/app", wrong).GetManifestAsync("v1", default));
        Assert.Equal(RegistryFault.Unauthorized, refused.Fault);
        Assert.DoesNotContain("wrong", refused.ToString());

        var right = new RegistryCredentials { User = LocalRegistry.User, Password = LocalRegistry.Password };
        Assert.Equal(3, (await _client.Repository(registry.Host, "team/app", right).GetManifestAsync("v1", default)).Manifest.Layers!.Count);
    }

    [Fact]
    public async Task Registry_that_is_not_there_is_said_so_at_once()
    {
        var error = await Assert.ThrowsAsync<RegistryException>(() => _client.Repository("127.0.0.1:1", "a", null).PingAsync(default));
        Assert.Equal(RegistryFault.Unreachable, error.Fault);
        Assert.Contains("Get \"http://127.0.0.1:1/v2/\"", error.Message);
    }
}

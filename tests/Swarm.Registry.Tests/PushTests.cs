using System.Net;
using System.Text;

namespace Swarm.Registry.Tests;

public sealed class PushTests
{
    private static readonly RegistryOptions Quick = new() { RetryDelay = TimeSpan.FromMilliseconds(1) };

    [Fact]
    public async Task What_is_pushed_can_be_pulled_and_is_mounted_the_next_time()
    {
        await using var registry = await LocalRegistry.StartAsync(password: true);
        using var client = new RegistryClient(Quick, TimeProvider.System);
        var credentials = new RegistryCredentials { User = LocalRegistry.User, Password = LocalRegistry.Password };
        var one = client.Writable(registry.Host, "a/one", credentials, []);
        await one.PingAsync(default);

        // Larger than a piece, so that it is sent in several.
        var big = new byte[BlobUpload.PieceSize + 12345];
        new Random(1).NextBytes(big);
        var (layer, config) = (Digest.Of(big), Encoding.ASCII.GetBytes("{}"));
        var reached = 0L;
        Assert.False(await one.HasBlobAsync(layer, default));
        Assert.Null(await one.UploadBlobAsync(layer, [], () => new MemoryStream(big), bytes => reached = bytes, default));
        Assert.Equal(big.Length, reached);
        Assert.Null(await one.UploadBlobAsync(Digest.Of(config), [], () => new MemoryStream(config), null, default));
        Assert.True(await one.HasBlobAsync(layer, default));
        var manifest = new Manifest
        {
            SchemaVersion = 2,
            MediaType = MediaTypes.OciManifest,
            Config = new Descriptor { MediaType = MediaTypes.OciConfig, Digest = Digest.Of(config).ToString(), Size = config.Length },
            Layers = [new Descriptor { MediaType = MediaTypes.OciLayer, Digest = layer.ToString(), Size = big.Length }],
        }.ToJson();
        await one.PutManifestAsync("x", manifest, MediaTypes.OciManifest, default);
        await one.PutManifestAsync("y", manifest, MediaTypes.OciManifest, default);
        var fetched = await client.Repository(registry.Host, "a/one", credentials).GetManifestAsync("x", default);
        Assert.Equal(Digest.Of(manifest), fetched.Digest);
        Assert.Equal(["x", "y"], (await one.ListTagsAsync(default)).Order());

        var two = client.Writable(registry.Host, "b/two", credentials, ["a/one"]);
        await two.PingAsync(default);
        Assert.Equal("a/one", await two.UploadBlobAsync(layer, ["a/one"], () => throw new InvalidOperationException("not mounted"), null, default));
        Assert.True(await two.HasBlobAsync(layer, default));
    }

    [Fact]
    public async Task A_login_is_checked()
    {
        await using var registry = await LocalRegistry.StartAsync(password: true);
        using var client = new RegistryClient(Quick, TimeProvider.System);
        Assert.Equal("", await client.LogInAsync(registry.Host, new RegistryCredentials { User = LocalRegistry.User, Password = LocalRegistry.Password }, default));
        var refused = await Assert.ThrowsAsync<RegistryException>(
            () => client.LogInAsync(registry.Host, new RegistryCredentials { User = LocalRegistry.User, Password = "wrong" }, default));
        Assert.Equal(RegistryFault.Unauthorized, refused.Fault);
        Assert.DoesNotContain("wrong", refused.ToString());
        var anonymous = client.Writable(registry.Host, "a", null, []);
        Assert.Equal(RegistryFault.Unauthorized, (await Assert.ThrowsAsync<RegistryException>(() => anonymous.PingAsync(default))).Fault);
    }
}

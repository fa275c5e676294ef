using System.Text;

namespace Swarm.Registry.Tests;

public sealed class MisbehavingRegistryTests : IDisposable
{
    private static readonly byte[] Content = Bytes(400_000);
    private static readonly Descriptor Blob = new() { Digest = Digest.Of(Content).ToString(), Size = Content.Length };

    private readonly string _folder = Directory.CreateTempSubdirectory("swarm-images-").FullName;
    private readonly RegistryClient _client = new(new RegistryOptions { RetryDelay = TimeSpan.FromMilliseconds(1), Attempts = 3 }, TimeProvider.System);

    private string Target => Path.Combine(_folder, "blob");

    public void Dispose()
    {
        _client.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Download_goes_on_where_it_was_cut()
    {
        var first = true;
        using var registry = new ScriptedRegistry(async (request, response) =>
        {
            if (first)
            {
                first = false;
                response.ContentLength64 = Content.Length;
                await response.OutputStream.WriteAsync(Content.AsMemory(0, 150_000));
                await response.OutputStream.FlushAsync();
                response.Abort();
                return;
            }

            var from = int.Parse(request.Headers["Range"]!.Split('=', '-')[1]);
            response.AddHeader("Content-Range", $"bytes {from}-{Content.Length - 1}/{Content.Length}");
            await ScriptedRegistry.SendAsync(response, Content[from..], 206);
        });

        await Download(registry);

        Assert.Equal(Content, File.ReadAllBytes(Target));
        Assert.Equal(2, registry.Requests.Count);
        Assert.Contains("bytes=", registry.Requests.Last());
    }

    [Fact]
    public async Task Download_goes_on_after_a_restart_of_the_daemon()
    {
        File.WriteAllBytes(Target, Content[..100_000]);
        using var registry = new ScriptedRegistry(async (_, response) =>
        {
            response.AddHeader("Content-Range", $"bytes 100000-{Content.Length - 1}/{Content.Length}");
            await ScriptedRegistry.SendAsync(response, Content[100_000..], 206);
        });

        await Download(registry);

        Assert.Equal(Content, File.ReadAllBytes(Target));
        Assert.EndsWith("bytes=100000-", Assert.Single(registry.Requests));
    }

    [Fact]
    public async Task Registry_that_ignores_ranges_is_read_from_the_beginning()
    {
        File.WriteAllBytes(Target, Bytes(100_000)[..50_000]);
        using var registry = new ScriptedRegistry((_, response) => ScriptedRegistry.SendAsync(response, Content));
        await Download(registry);
        Assert.Equal(Content, File.ReadAllBytes(Target));
    }

    [Fact]
    public async Task Content_of_another_digest_is_refused_and_not_kept()
    {
        var wrong = (byte[])Content.Clone();
        wrong[77]++;
        using var registry = new ScriptedRegistry((_, response) => ScriptedRegistry.SendAsync(response, wrong));
        var error = await Assert.ThrowsAsync<RegistryException>(() => Download(registry));
        Assert.Equal(RegistryFault.Invalid, error.Fault);
        Assert.Empty(File.ReadAllBytes(Target));
    }

    [Fact]
    public async Task Content_beyond_the_promised_size_is_refused_and_not_kept()
    {
        using var registry = new ScriptedRegistry((_, response) => ScriptedRegistry.SendAsync(response, [.. Content, .. Content]));
        Assert.Equal(RegistryFault.Invalid, (await Assert.ThrowsAsync<RegistryException>(() => Download(registry))).Fault);
        Assert.Empty(File.ReadAllBytes(Target));
    }

    [Fact]
    public async Task Registry_that_always_cuts_is_given_up()
    {
        using var registry = new ScriptedRegistry(async (_, response) =>
        {
            response.ContentLength64 = Content.Length;
            await response.OutputStream.FlushAsync();
            response.Abort();
        });
        var error = await Assert.ThrowsAsync<RegistryException>(() => Download(registry));
        Assert.Equal(RegistryFault.Unreachable, error.Fault);
        Assert.InRange(registry.Requests.Count, 3, 9);
    }

    [Fact]
    public async Task Overloaded_registry_is_asked_again()
    {
        var calls = 0;
        using var registry = new ScriptedRegistry((_, response) =>
            ScriptedRegistry.SendAsync(response, Content, Interlocked.Increment(ref calls) == 1 ? 503 : 200));
        await Download(registry);
        Assert.Equal(Content, File.ReadAllBytes(Target));
    }

    [Fact]
    public async Task Token_is_asked_for_as_the_challenge_says()
    {
        var manifest = new Manifest { SchemaVersion = 2, MediaType = MediaTypes.OciManifest, Config = Blob, Layers = [Blob] }.ToJson();
        ScriptedRegistry? registry = null;
        registry = new ScriptedRegistry(async (request, response) =>
        {
            if (request.Url!.AbsolutePath == "/token")
            {
                var allowed = request.Headers["Authorization"] == "Basic " + Convert.ToBase64String("anna:pw"u8);
                await ScriptedRegistry.SendAsync(response, Encoding.ASCII.GetBytes("""{"token":"let-me-in"}"""), allowed ? 200 : 401);
            }
            else if (request.Headers["Authorization"] == "Bearer let-me-in")
            {
                response.ContentType = MediaTypes.OciManifest;
                await ScriptedRegistry.SendAsync(response, manifest);
            }
            else
            {
                response.AddHeader("WWW-Authenticate", $"Bearer realm=\"http://{registry!.Host}/token\",service=\"the, service\",scope=\"x\"");
                await ScriptedRegistry.SendAsync(response, [], 401);
            }
        });
        using (registry)
        {
            var repository = _client.Repository(registry.Host, "team/app", new RegistryCredentials { User = "anna", Password = "pw" });
            Assert.Equal(Digest.Of(manifest), (await repository.GetManifestAsync("v1", default)).Digest);
            Assert.Contains("/token?service=the%2C%20service&scope=repository%3Ateam%2Fapp%3Apull&account=anna", registry.Requests);

            var wrong = _client.Repository(registry.Host, "team/app", new RegistryCredentials { User = "anna", Password = "no" });
            var error = await Assert.ThrowsAsync<RegistryException>(() => wrong.GetManifestAsync("v1", default));
            Assert.Equal(RegistryFault.Unauthorized, error.Fault);
        }
    }

    [Fact]
    public async Task Manifest_of_another_digest_is_refused()
    {
        var manifest = new Manifest { SchemaVersion = 2, MediaType = MediaTypes.OciManifest, Config = Blob, Layers = [] }.ToJson();
        using var registry = new ScriptedRegistry((_, response) => ScriptedRegistry.SendAsync(response, manifest));
        var asked = Digest.Of("something else"u8).ToString();
        var error = await Assert.ThrowsAsync<RegistryException>(() => _client.Repository(registry.Host, "a", null).GetManifestAsync(asked, default));
        Assert.Equal(RegistryFault.Invalid, error.Fault);
    }

    [Fact]
    public async Task Endless_manifest_is_refused()
    {
        using var registry = new ScriptedRegistry((_, response) => ScriptedRegistry.SendAsync(response, new byte[Manifest.MaxSize + 1]));
        var error = await Assert.ThrowsAsync<RegistryException>(() => _client.Repository(registry.Host, "a", null).GetManifestAsync("v1", default));
        Assert.Equal(RegistryFault.Invalid, error.Fault);
    }

    private Task Download(ScriptedRegistry registry) => _client.Repository(registry.Host, "a", null).DownloadBlobAsync(Blob, Target, null, default);

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(7).NextBytes(bytes);
        return bytes;
    }
}

using System.Collections.Concurrent;
using System.Text;

namespace Swarm.Registry.Tests;

public sealed class ScriptedPushTests
{
    private static readonly RegistryOptions Quick = new() { RetryDelay = TimeSpan.FromMilliseconds(1) };
    private static readonly RegistryCredentials Anna = new() { User = "anna", Password = "pw" };

    [Fact]
    public async Task A_push_asks_the_token_server_for_pull_and_push_and_for_what_it_mounts_from()
    {
        var tokens = new ConcurrentQueue<string>();
        var host = "";
        using var registry = new ScriptedRegistry((request, response) =>
        {
            if (request.Url!.AbsolutePath == "/token")
            {
                tokens.Enqueue($"{request.Headers["Authorization"]} {Uri.UnescapeDataString(request.Url.Query)}");
                return ScriptedRegistry.SendAsync(response, "{\"token\":\"T\"}"u8.ToArray());
            }

            if (request.Headers["Authorization"] == "Bearer T")
            {
                return ScriptedRegistry.SendAsync(response, [], 200);
            }

            response.Headers["WWW-Authenticate"] = $"Bearer realm=\"http://{host}/token\",service=\"s\"";
            return ScriptedRegistry.SendAsync(response, [], 401);
        });
        host = registry.Host;
        using var client = new RegistryClient(Quick, TimeProvider.System);
        await client.Writable(host, "a/b", Anna, ["c/d"]).PingAsync(default);
        var asked = Assert.Single(tokens);
        Assert.Equal(
            $"Basic {Convert.ToBase64String("anna:pw"u8)} ?service=s&scope=repository:a/b:pull,push&scope=repository:c/d:pull&account=anna", asked);
    }

    [Fact]
    public async Task A_login_asks_for_a_refresh_token_and_a_refresh_token_is_used_instead_of_the_password()
    {
        var tokens = new ConcurrentQueue<string>();
        var host = "";
        using var registry = new ScriptedRegistry(async (request, response) =>
        {
            if (request.Url!.AbsolutePath == "/token")
            {
                using var reader = new StreamReader(request.InputStream);
                tokens.Enqueue($"{request.HttpMethod} {request.Url.Query}{await reader.ReadToEndAsync()}");
                await ScriptedRegistry.SendAsync(response, "{\"access_token\":\"T\",\"refresh_token\":\"R\"}"u8.ToArray());
                return;
            }

            response.Headers["WWW-Authenticate"] = $"Bearer realm=\"http://{host}/token\",service=\"s\"";
            await ScriptedRegistry.SendAsync(response, [], request.Headers["Authorization"] == "Bearer T" ? 200 : 401);
        });
        host = registry.Host;
        using var client = new RegistryClient(Quick, TimeProvider.System);
        Assert.Equal("R", await client.LogInAsync(host, Anna, default));
        Assert.Contains("offline_token=true", Assert.Single(tokens));
        await client.Repository(host, "x", new RegistryCredentials { IdentityToken = "R" }).PingAsync(default);
        Assert.Equal("POST grant_type=refresh_token&refresh_token=R&service=s&scope=repository%3Ax%3Apull&client_id=swarm", tokens.Last());
    }

    [Fact]
    public async Task An_upload_goes_on_where_the_registry_stopped()
    {
        const int kept = 100;
        var ranges = new ConcurrentQueue<string>();
        var received = new MemoryStream();
        var cut = false;
        using var registry = new ScriptedRegistry(async (request, response) =>
        {
            var path = request.Url!.AbsolutePath;
            switch (request.HttpMethod)
            {
                case "POST":
                    response.Headers["Location"] = "/v2/a/blobs/uploads/1?state=x";
                    await ScriptedRegistry.SendAsync(response, [], 202);
                    break;
                case "PATCH" or "PUT":
                    ranges.Enqueue($"{request.HttpMethod} {request.Headers["Content-Range"]}");
                    if (request.HttpMethod == "PATCH" && !cut)
                    {
                        cut = true;
                        var start = new byte[kept];
                        await request.InputStream.ReadExactlyAsync(start);
                        received.Write(start);
                        response.Abort();
                        break;
                    }

                    await request.InputStream.CopyToAsync(received);
                    response.Headers["Location"] = path + "?state=y";
                    await ScriptedRegistry.SendAsync(response, [], request.HttpMethod == "PUT" ? 201 : 202);
                    break;
                case "GET" when path.EndsWith("/uploads/1", StringComparison.Ordinal):
                    response.Headers["Range"] = $"0-{kept - 1}";
                    await ScriptedRegistry.SendAsync(response, [], 204);
                    break;
                default:
                    await ScriptedRegistry.SendAsync(response, [], request.HttpMethod == "HEAD" ? 404 : 200);
                    break;
            }
        });
        using var client = new RegistryClient(Quick, TimeProvider.System);
        var content = Encoding.ASCII.GetBytes(new string('x', 50) + new string('y', BlobUpload.PieceSize + 200));
        await client.Writable(registry.Host, "a", null, []).UploadBlobAsync(Digest.Of(content), [], () => new MemoryStream(content), null, default);
        Assert.Equal($"PATCH 0-{BlobUpload.PieceSize - 1}", ranges.First());
        Assert.Equal($"PATCH {kept}-{kept + BlobUpload.PieceSize - 1}", ranges.ElementAt(1));
        Assert.Equal(content, received.ToArray());
    }
}

using System.Net;
using Swarm.Model;

namespace Swarm.Api.Tests;

public sealed class SecretEndpointsTests
{
    private const string Value = "aHVudGVyMg=="; // hunter2

    [Theory]
    [InlineData("secrets")]
    [InlineData("configs")]
    public async Task Made_shown_relabelled_and_removed(string kind)
    {
        await using var host = await ClusterHost.StartManagerAsync();
        var id = (await host.PostAsync($"/{kind}/create", $$"""{"Name":"one","Labels":{"a":"b"},"Data":"{{Value}}"}""", HttpStatusCode.Created)).GetProperty("ID").GetString();
        var shown = await host.GetAsync($"/{kind}/one");
        Assert.Equal(id, shown.GetProperty("ID").GetString());
        Assert.Equal(kind == "configs", shown.GetProperty("Spec").TryGetProperty("Data", out _));

        var version = shown.GetProperty("Version").GetProperty("Index").GetUInt64();
        await host.PostAsync($"/{kind}/{id}/update?version={version}", """{"Name":"one","Labels":{"c":"d"}}""");
        Assert.Equal("d", (await host.GetAsync($"/{kind}/{id}")).GetProperty("Spec").GetProperty("Labels").GetProperty("c").GetString());
        Assert.Equal((500, "rpc error: code = Unknown desc = update out of sequence"), await host.RefusedAsync(HttpMethod.Post, $"/{kind}/{id}/update?version={version}", """{"Name":"one"}"""));
        Assert.Contains("only updates to Labels are allowed", (await host.RefusedAsync(HttpMethod.Post, $"/{kind}/{id}/update?version=0", """{"Name":"two"}""")).Message);

        Assert.Equal(1, (await host.GetAsync($"/{kind}?filters=" + Uri.EscapeDataString("""{"name":["on"],"label":["c=d"]}"""))).GetArrayLength());
        Assert.Equal(HttpStatusCode.NoContent, (await host.Http.SendAsync(HttpMethod.Delete, $"/{kind}/one")).Status);
        Assert.Equal(404, (await host.RefusedAsync(HttpMethod.Get, $"/{kind}/one")).Status);
    }

    [Fact]
    public async Task What_services_name_stays()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        var secret = new Secret { Id = "s1", Annotations = new Annotations { Name = "pw" }, Data = [1] };
        var spec = new ServiceSpec
        {
            Annotations = new Annotations { Name = "web" },
            Task = new TaskSpec { Container = new ContainerSpec { Image = "busybox", Secrets = [new FileReference { Id = "s1", Name = "pw", TargetPath = "pw" }] } },
        };
        await host.CommitAsync(t => t.Create(secret).Create(new Service { Id = "v1", Spec = spec }));
        Assert.Equal(
            (400, "rpc error: code = InvalidArgument desc = secret 'pw' is in use by the following service: web"), await host.RefusedAsync(HttpMethod.Delete, "/secrets/pw"));
    }

    [Theory]
    [InlineData("""{"Name":"","Data":"YQ=="}""", "name must be provided")]
    [InlineData("""{"Name":"a b","Data":"YQ=="}""", "invalid name, only 64")]
    [InlineData("""{"Name":"a"}""", "secret data must be larger than 0 and less than 512000 bytes")]
    [InlineData("""{"Name":"a","Data":"YQ==","Templating":{"Name":"jinja"}}""", "there is no template driver \"jinja\"")]
    [InlineData("""{"Name":"a","Data":"e3tub3BlfX0=","Templating":{"Name":"golang"}}""", "function \"nope\" not defined")]
    public async Task Refused_with_a_reason(string body, string reason)
    {
        await using var host = await ClusterHost.StartManagerAsync();
        var (status, message) = await host.RefusedAsync(HttpMethod.Post, "/secrets/create", body);
        Assert.Equal(400, status);
        Assert.Contains(reason, message, StringComparison.Ordinal);
    }
}

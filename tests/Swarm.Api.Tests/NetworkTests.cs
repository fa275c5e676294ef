using System.Net;
using System.Text.Json;
using Swarm.Store;

namespace Swarm.Api.Tests;

/// <summary>/networks over HTTP: shapes, filters and statuses; what the networks themselves do is tested in their own room.</summary>
public sealed class NetworkTests : IAsyncLifetime
{
    private readonly FakeNetworks networks = new();
    private TestHost host = null!;

    public async Task InitializeAsync()
    {
        var noSwarm = new FakeNode(new MemoryStore(TimeProvider.System));
        host = await TestHost.StartAsync(routes => Networks.NetworkEndpoints.Map(routes, networks, ClusterHost.AccessOf(noSwarm), TimeProvider.System));
    }

    public async Task DisposeAsync() => await host.DisposeAsync();

    [Fact]
    public async Task A_network_is_made_from_what_the_docker_client_sends()
    {
        var (status, body) = await host.SendAsync(
            HttpMethod.Post, "/v1.51/networks/create",
            """{"Name":"one","Driver":"bridge","Scope":"","EnableIPv6":true,"IPAM":{"Driver":"default","Options":{},"Config":[{"Subnet":"10.1.0.0/24"}]},"Options":{},"Labels":{"a":"b"}}""");
        Assert.Equal(HttpStatusCode.Created, status);
        var id = JsonDocument.Parse(body).RootElement.GetProperty("Id").GetString()!;
        Assert.Equal("", JsonDocument.Parse(body).RootElement.GetProperty("Warning").GetString());
        Assert.Equal(["create one 10.1.0.0/24 True"], networks.Calls);
        Assert.Equal(["one"], await NamesAsync("""{"label":["a=b"]}"""));
        (status, _) = await host.SendAsync(HttpMethod.Delete, "/v1.51/networks/" + id);
        Assert.Equal(HttpStatusCode.NoContent, status);
        (status, body) = await host.SendAsync(HttpMethod.Get, "/v1.51/networks/" + id);
        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Contains($"network {id} not found", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Containers_are_connected_and_disconnected_with_their_settings()
    {
        var (status, body) = await host.SendAsync(
            HttpMethod.Post, "/v1.51/networks/bridge/connect",
            """{"Container":"web","EndpointConfig":{"IPAMConfig":{"IPv4Address":"10.1.0.9"},"Links":null,"Aliases":["w",null],"DriverOpts":null,"GwPriority":1}}""");
        Assert.Equal((HttpStatusCode.OK, ""), (status, body));
        (status, _) = await host.SendAsync(HttpMethod.Post, "/v1.51/networks/bridge/disconnect", """{"Container":"web","Force":true}""");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(["connect bridge web 10.1.0.9 w,", "disconnect bridge web True"], networks.Calls);
    }

    [Theory]
    [InlineData("""{"driver":["bridge"]}""", "bridge mine")]
    [InlineData("""{"driver":["null","host"]}""", "host none")]
    [InlineData("""{"name":["o"]}""", "host none")]
    [InlineData("""{"type":["custom"]}""", "mine")]
    [InlineData("""{"type":["builtin"]}""", "bridge host none")]
    [InlineData("""{"scope":["swarm"]}""", "")]
    [InlineData("""{"id":["ccc"]}""", "host")]
    [InlineData("""{"dangling":["true"]}""", "mine")]
    [InlineData("""{"dangling":{"false":true}}""", "bridge host none")]
    [InlineData("""{"label":["no"]}""", "")]
    public async Task Lists_are_filtered(string filters, string names)
    {
        await networks.CreateAsync(new Wire.NetworkCreateRequest { Name = "mine" }, default);
        Assert.Equal(names.Split(' ', StringSplitOptions.RemoveEmptyEntries), await NamesAsync(filters));
    }

    [Theory]
    [InlineData("""{"colour":["red"]}""", "invalid filter 'colour'")]
    [InlineData("""{"type":["odd"]}""", "invalid filter: 'type'='odd'")]
    public async Task Wrong_filters_are_refused(string filters, string message)
    {
        var (status, body) = await host.SendAsync(HttpMethod.Get, "/v1.51/networks?filters=" + Uri.EscapeDataString(filters));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(message, JsonDocument.Parse(body).RootElement.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pruning_removes_what_nobody_uses_and_answers_the_names()
    {
        foreach (var name in (string[])["kept", "gone", "other"])
        {
            await networks.CreateAsync(new Wire.NetworkCreateRequest { Name = name, Labels = new Dictionary<string, string> { ["for"] = name } }, default);
        }

        networks.InUse.Add("kept"); // since the list was made
        var (status, body) = await host.SendAsync(HttpMethod.Post, "/v1.51/networks/prune?filters=" + Uri.EscapeDataString("""{"label!":["for=other"]}"""));
        Assert.Equal((HttpStatusCode.OK, """{"NetworksDeleted":["gone"]}"""), (status, body));
        Assert.Equal(["bridge", "host", "kept", "none", "other"], await NamesAsync("{}"));
    }

    private async Task<string[]> NamesAsync(string filters)
    {
        var (status, body) = await host.SendAsync(HttpMethod.Get, "/v1.51/networks?filters=" + Uri.EscapeDataString(filters));
        Assert.True(status == HttpStatusCode.OK, body);
        return [.. JsonDocument.Parse(body).RootElement.EnumerateArray().Select(network => network.GetProperty("Name").GetString()!).Order(StringComparer.Ordinal)];
    }
}

using Swarm.Api.Http;
using Swarm.Engine;

namespace Swarm.Api.Tests.Http;

public sealed class FiltersTests
{
    [Theory]
    [InlineData("{\"name\":[\"web\",\"db\"]}")]
    [InlineData("{\"name\":{\"web\":true,\"db\":true}}")]
    public void Both_of_dockers_forms_are_read(string json)
    {
        var filters = Filters.Parse(json);
        Assert.True(filters.Exact("name", "web"));
        Assert.True(filters.Exact("name", "db"));
        Assert.False(filters.Exact("name", "webs"));
        Assert.True(filters.Prefix("name", "webs"));
        Assert.True(filters.Exact("other", "anything"));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{\"name\":\"web\"}")]
    [InlineData("{\"name\":[1]}")]
    public void What_is_no_filter_is_refused(string json)
    {
        var refused = Assert.Throws<EngineException>(() => Filters.Parse(json));
        Assert.Equal((400, "invalid filter"), (refused.Status, refused.Message));
    }

    [Fact]
    public void Labels_must_all_be_there()
    {
        var labels = new Dictionary<string, string> { ["a"] = "1", ["b"] = "x=y" };
        Assert.True(Filters.Parse("{\"label\":[\"a\",\"b=x=y\"]}").Labels("label", labels));
        Assert.True(Filters.Parse("{\"label\":[\"a=\"]}").Labels("label", labels));
        Assert.False(Filters.Parse("{\"label\":[\"a=1\",\"c\"]}").Labels("label", labels));
        Assert.False(Filters.Parse("{\"label\":[\"a=2\"]}").Labels("label", labels));
    }

    [Fact]
    public async Task Unknown_filter_is_named()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        foreach (var path in new[] { "/services", "/nodes", "/tasks", "/networks", "/secrets", "/configs" })
        {
            Assert.Equal((400, "invalid filter 'x'"), await host.RefusedAsync(HttpMethod.Get, $"{path}?filters={{\"x\":[\"y\"]}}"));
        }
    }
}

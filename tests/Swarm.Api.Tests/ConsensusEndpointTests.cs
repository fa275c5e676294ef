using System.Net;
using Swarm.Store.Replication;

namespace Swarm.Api.Tests;

public sealed class ConsensusEndpointTests
{
    [Fact]
    public async Task A_manager_tells_of_its_own_replica()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        var before = await host.GetAsync("/swarm/consensus?digest=true");
        await host.PostAsync("/services/create", "{\"Name\":\"web\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"busybox\"}}}", HttpStatusCode.Created);
        var after = await host.GetAsync("/swarm/consensus?digest=true");
        Assert.Equal(host.Store.View.Index, after.GetProperty("AppliedIndex").GetInt64());
        Assert.Equal(host.Store.Leadership.IsLeader, after.GetProperty("IsLeader").GetBoolean());
        Assert.Equal(StoreDigest.Of(host.Store.View), after.GetProperty("Digest").GetString());
        Assert.NotEqual(before.GetProperty("Digest").GetString(), after.GetProperty("Digest").GetString());
    }

    [Fact]
    public async Task The_digest_is_made_only_when_asked_for()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        Assert.False((await host.GetAsync("/swarm/consensus")).TryGetProperty("Digest", out _));
    }

    [Fact]
    public async Task A_node_of_no_swarm_has_none()
    {
        await using var host = await ClusterHost.StartAsync();
        Assert.Equal(503, (await host.RefusedAsync(HttpMethod.Get, "/swarm/consensus")).Status);
    }
}

using System.Net;

namespace Swarm.Api.Tests;

public sealed class FineDurationsTests
{
    /// <summary>As docker-py's own tests ask for them.</summary>
    [Fact]
    public async Task Durations_of_a_service_are_answered_to_the_nanosecond()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        const string spec = """
            {"Name":"web","TaskTemplate":{"ContainerSpec":{"Image":"busybox","StopGracePeriod":1234567891},"RestartPolicy":{"Condition":"any","Delay":5,"MaxAttempts":5}},
             "UpdateConfig":{"Parallelism":10,"Delay":5,"Monitor":300000001},"RollbackConfig":{"Delay":200}}
            """;
        var id = (await host.PostAsync("/services/create", spec, HttpStatusCode.Created)).GetProperty("ID").GetString();
        var kept = (await host.GetAsync("/services/" + id)).GetProperty("Spec");
        Assert.Equal((5, 300_000_001), (kept.GetProperty("UpdateConfig").GetProperty("Delay").GetInt64(), kept.GetProperty("UpdateConfig").GetProperty("Monitor").GetInt64()));
        Assert.Equal(200, kept.GetProperty("RollbackConfig").GetProperty("Delay").GetInt64());
        Assert.Equal(5, kept.GetProperty("TaskTemplate").GetProperty("RestartPolicy").GetProperty("Delay").GetInt64());
        Assert.Equal(1_234_567_891, kept.GetProperty("TaskTemplate").GetProperty("ContainerSpec").GetProperty("StopGracePeriod").GetInt64());
    }
}

using System.Net;
using System.Text.Json;
using Swarm.Model;

namespace Swarm.Api.Tests;

/// <summary>What of a service's spec is kept, by whom it was sent, and which tasks a list shows.</summary>
public sealed class ServiceSpecTests
{
    private const string Full = """
        {"Name":"web","Mode":{"Replicated":{"Replicas":2}},"TaskTemplate":{"ContainerSpec":{"Image":"busybox","Sysctls":{"a":"b"},"CapabilityAdd":["CAP_NET_ADMIN"],
        "Ulimits":[{"Name":"nofile","Soft":1,"Hard":2}],"OomScoreAdj":7,"Healthcheck":{"StartInterval":1000000},"Privileges":{"NoNewPrivileges":true},
        "Mounts":[{"Type":"bind","Source":"/a","Target":"/b","ReadOnly":true,"BindOptions":{"ReadOnlyForceRecursive":true,"Propagation":"rprivate"}},
        {"Type":"bind","Source":"/c","Target":"/d","ReadOnly":true,"BindOptions":{"ReadOnlyNonRecursive":true}},
        {"Type":"tmpfs","Target":"/t","TmpfsOptions":{"SizeBytes":65536,"Options":[["noexec"],["uid","7"]]}}]},
        "Resources":{"Limits":{"Pids":9}},"Placement":{"MaxReplicas":3}}}
        """;

    [Fact]
    public async Task Every_option_of_a_mount_is_kept_and_shown()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        await host.PostAsync("/services/create", Full, HttpStatusCode.Created);
        var mounts = (await host.GetAsync("/services/web")).GetProperty("Spec").GetProperty("TaskTemplate").GetProperty("ContainerSpec").GetProperty("Mounts");
        using var sent = JsonDocument.Parse(Full);
        var asked = sent.RootElement.GetProperty("TaskTemplate").GetProperty("ContainerSpec").GetProperty("Mounts");
        Assert.True(JsonElement.DeepEquals(asked, mounts), mounts.ToString());
    }

    /// <summary>docker service update --limit-pids and --replicas-max-per-node write into what they were answered, and panic if that is not there.</summary>
    [Fact]
    public async Task A_service_without_limits_and_placement_is_answered_with_empty_ones()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        await host.PostAsync("/services/create", """{"Name":"web","TaskTemplate":{"ContainerSpec":{"Image":"busybox"},"Resources":{"Limits":{},"Reservations":{}}}}""", HttpStatusCode.Created);
        var task = (await host.GetAsync("/services/web")).GetProperty("Spec").GetProperty("TaskTemplate");
        Assert.Equal("""{"Limits":{},"Reservations":{}}""", task.GetProperty("Resources").GetRawText());
        Assert.Equal("{}", task.GetProperty("Placement").GetRawText());
    }

    [Theory]
    [InlineData("1.39", false, false, false, false)]
    [InlineData("1.40", true, false, false, false)]
    [InlineData("1.41", true, true, false, false)]
    [InlineData("1.44", true, true, true, false)]
    [InlineData("1.46", true, true, true, true)]
    public async Task A_field_that_the_clients_version_had_not_is_not_taken_from_it(string version, bool sysctls, bool capabilities, bool privileges, bool score)
    {
        await using var host = await ClusterHost.StartManagerAsync();
        await host.PostAsync($"/v{version}/services/create", Full, HttpStatusCode.Created);
        var task = host.Store.View.Services.FindByName("web")!.Spec.Task;
        Assert.Equal(sysctls, !task.Container.Sysctls.IsEmpty);
        Assert.Equal(sysctls ? 3ul : 0, task.Placement.MaxReplicasPerNode);
        Assert.Equal(capabilities, !task.Container.CapabilityAdd.IsEmpty && !task.Container.Ulimits.IsEmpty);
        Assert.Equal(capabilities ? 9 : 0, task.PidsLimit);
        Assert.Equal(privileges, task.Container.Healthcheck!.StartInterval > TimeSpan.Zero && task.Container.Privileges?.NoNewPrivileges == true);
        Assert.Equal(score ? 7 : 0, task.Container.OomScoreAdj);
        Assert.Equal(score, !task.Container.Mounts[2].TmpfsOptions.IsEmpty);
    }

    [Fact]
    public async Task A_job_of_a_client_from_before_jobs_is_a_replicated_service()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        await host.PostAsync("/v1.40/services/create", """{"Name":"j","Mode":{"GlobalJob":{}},"TaskTemplate":{"ContainerSpec":{"Image":"busybox"}}}""", HttpStatusCode.Created);
        Assert.Equal(ServiceMode.Replicated, host.Store.View.Services.FindByName("j")!.Spec.Mode);
    }

    [Fact]
    public async Task Tasks_are_those_of_containers()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        await host.CommitAsync(transaction => transaction.Create(new SwarmTask { Id = "t1", ServiceId = "s1" }));
        Assert.Equal(1, (await host.GetAsync("/tasks?filters={\"runtime\":[\"container\"]}")).GetArrayLength());
        Assert.Equal(0, (await host.GetAsync("/tasks?filters={\"runtime\":[\"plugin\"]}")).GetArrayLength());
        Assert.Equal(1, (await host.GetAsync("/tasks")).GetArrayLength());
    }
}

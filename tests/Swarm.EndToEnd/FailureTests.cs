using System.Collections.Concurrent;
using Swarm.Api.Client;
using Swarm.Lab.Nodes;

namespace Swarm.EndToEnd;

/// <summary>Power cuts, and what must hold afterwards.</summary>
[Collection(LabFixture.Name)]
public sealed class FailureTests(LabFixture lab) : IAsyncLifetime
{
    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => lab.MakeWholeAsync();

    [Fact]
    public async Task No_acknowledged_service_is_lost_or_doubled_when_the_leader_dies()
    {
        var leader = await lab.LeaderAsync();
        var others = lab.Managers.Where(m => m != leader).ToList();
        var acknowledged = new ConcurrentDictionary<string, string>();
        using var stop = new CancellationTokenSource();
        var writers = others.Select((manager, w) => Task.Run(async () =>
        {
            using var client = lab.Lab.Connect(manager);
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                var name = $"acked-{w}-{i}";
                try
                {
                    acknowledged[name] = (await client.CreateServiceAsync(Specs.Sleepers(name, 0), LabFixture.Soon())).ID;
                }
                catch (Exception e) when (e is EngineClientException or EngineUnreachableException or OperationCanceledException)
                {
                    // Not acknowledged: it may exist or not.
                }
            }
        })).ToList();

        await lab.UntilAsync("some writes are acknowledged", () => Task.FromResult(acknowledged.Count >= 20 ? "some" : null));
        await lab.Lab.KillAsync([leader], daemonOnly: false, CancellationToken.None);
        var atKill = acknowledged.Count;
        await lab.UntilAsync("writes are acknowledged again", () => Task.FromResult(acknowledged.Count >= atKill + 20 ? "again" : null));
        await stop.CancelAsync();
        await Task.WhenAll(writers);

        await lab.Lab.RestartAsync([leader], CancellationToken.None);
        foreach (var manager in lab.Managers)
        {
            await AssertHasAllAsync(manager, acknowledged);
        }
    }

    [Fact]
    public async Task Tasks_of_a_killed_node_run_elsewhere_and_its_return_doubles_nothing()
    {
        await lab.DockerOkAsync("m1", "service", "create", "--quiet", "--name", "moved", "--replicas", "10", "--stop-signal", "SIGKILL", "busybox", "sleep", "infinity");
        var w2 = await lab.DockerOkAsync("m1", "node", "inspect", "w2", "--format", "{{.ID}}");
        await lab.Lab.KillAsync(["w2"], daemonOnly: false, CancellationToken.None);
        Assert.Equal(NodeCondition.Off, lab.Lab.Condition("w2"));
        await lab.RunningAsync("m1", "moved", 10, task => task.NodeID != w2);

        await lab.Lab.RestartAsync(["w2"], CancellationToken.None);
        await lab.UntilAsync("w2 is ready again", async () =>
            await lab.DockerOkAsync("m1", "node", "inspect", "w2", "--format", "{{.Status.State}}") == "ready" ? "ready" : null);
        await AssertEachSlotOnceAsync("moved", 10);
    }

    [Fact]
    public async Task A_node_that_was_cut_off_doubles_nothing_when_it_is_back()
    {
        await lab.DockerOkAsync("m1", "service", "create", "--quiet", "--name", "cutoff", "--replicas", "10", "--stop-signal", "SIGKILL", "busybox", "sleep", "infinity");
        var w1 = await lab.DockerOkAsync("m1", "node", "inspect", "w1", "--format", "{{.ID}}");
        await lab.Lab.PartitionAsync(["w1"], CancellationToken.None);
        await lab.RunningAsync("m1", "cutoff", 10, task => task.NodeID != w1);
        await lab.Lab.HealAsync(CancellationToken.None);
        await lab.UntilAsync("w1 is ready again", async () =>
            await lab.DockerOkAsync("m1", "node", "inspect", "w1", "--format", "{{.Status.State}}") == "ready" ? "ready" : null);
        await AssertEachSlotOnceAsync("cutoff", 10);
    }

    [Fact]
    public async Task Only_the_tasks_of_a_leader_that_was_cut_off_move()
    {
        await lab.DockerOkAsync("m1", "service", "create", "--quiet", "--name", "calm", "--replicas", "10", "--stop-signal", "SIGKILL", "busybox", "sleep", "infinity");
        var leader = await lab.LeaderAsync();
        var other = lab.Managers.First(manager => manager != leader);
        var leaderId = await lab.DockerOkAsync("m1", "node", "inspect", leader, "--format", "{{.ID}}");
        var before = (await lab.ContainersAsync("calm")).Where(c => c.Node != leader).ToList();
        await lab.Lab.PartitionAsync([leader], CancellationToken.None);
        await lab.RunningAsync(other, "calm", 10, task => task.NodeID != leaderId);
        Assert.Empty(before.Except(await lab.ContainersAsync("calm")));
        await lab.Lab.HealAsync(CancellationToken.None);
        await AssertEachSlotOnceAsync("calm", 10);
    }

    [Fact]
    public async Task Containers_run_on_while_their_daemon_is_killed_and_started_again()
    {
        await lab.DockerOkAsync("m1", "service", "create", "--quiet", "--name", "stays", "--replicas", "5", "--stop-signal", "SIGKILL", "busybox", "sleep", "infinity");
        var before = await lab.ContainersAsync("stays");
        var onW1 = before.Where(c => c.Node == "w1").Select(c => c.TaskId).ToList();
        Assert.NotEmpty(onW1);
        var sleepers = Sleepers("w1");
        Assert.Equal(onW1.Count, sleepers.Count);

        await lab.Lab.KillAsync(["w1"], daemonOnly: true, CancellationToken.None);
        Assert.Equal(sleepers, Sleepers("w1"));
        await lab.Lab.RestartAsync(["w1"], CancellationToken.None);
        await lab.RunningAsync("m1", "stays", 5);
        Assert.Equal(before.Order(), (await lab.ContainersAsync("stays")).Order());
        Assert.Equal(sleepers, Sleepers("w1"));
    }

    [Fact]
    public async Task Values_survive_the_power_cut_of_all_managers_at_once()
    {
        var acknowledged = new ConcurrentDictionary<string, string>();
        using (var client = lab.Lab.Connect("m1"))
        {
            for (var i = 0; i < 20; i++)
            {
                acknowledged[$"kept-{i}"] = (await client.CreateServiceAsync(Specs.Sleepers($"kept-{i}", 0), LabFixture.Soon())).ID;
            }
        }

        await lab.Lab.KillAsync(lab.Managers, daemonOnly: false, CancellationToken.None);
        await lab.Lab.RestartAsync(lab.Managers, CancellationToken.None);
        foreach (var manager in lab.Managers)
        {
            await AssertHasAllAsync(manager, acknowledged);
        }
    }

    /// <summary>A manager that has just come back may still catch up: it must get there, and must never show a name twice.</summary>
    private async Task AssertHasAllAsync(string manager, IReadOnlyDictionary<string, string> acknowledged) =>
        await lab.UntilAsync($"{manager} has all {acknowledged.Count} acknowledged services", async () =>
        {
            using var client = lab.Lab.Connect(manager);
            var services = await client.ServicesAsync(LabFixture.Soon());
            Assert.Equal(services.Count, services.Select(s => s.Spec!.Name).Distinct().Count());
            var byName = services.ToDictionary(s => s.Spec!.Name!, s => s.ID);
            return acknowledged.All(a => byName.GetValueOrDefault(a.Key) == a.Value) ? "all" : null;
        });

    private async Task AssertEachSlotOnceAsync(string service, int count)
    {
        var tasks = await lab.RunningAsync("m1", service, count);
        Assert.Equal(count, tasks.Select(t => t.Slot).Distinct().Count());
        var wanted = tasks.Select(t => t.ID).Order().ToList();
        await lab.UntilAsync($"exactly the {count} wanted containers of {service} run", async () =>
            (await lab.ContainersAsync(service)).Select(c => c.TaskId).Order().SequenceEqual(wanted) ? "exactly" : null);
    }

    private List<int> Sleepers(string node) =>
        [.. lab.Lab.Processes(node).Select(p => p.Identity.Pid).Where(pid => CommandLine(pid).StartsWith("sleep", StringComparison.Ordinal)).Order()];

    private static string CommandLine(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }
}

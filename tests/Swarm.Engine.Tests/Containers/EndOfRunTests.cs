using System.Globalization;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Runtime;

namespace Swarm.Engine.Tests.Containers;

/// <summary>What a run leaves at the kernel: nothing, whether the shim removes it or has to call the runtime.</summary>
public sealed class EndOfRunTests
{
    private const string UntilGo = "while [ ! -e /tmp/go ]; do sleep 0.02; done";

    [RootFact]
    public async Task Control_groups_and_the_runtimes_state_are_gone()
    {
        await using var fixture = await EngineFixture.StartAsync();
        await EndAsync(fixture, await fixture.RunAsync(UntilGo), _ => { });
    }

    /// <summary>systemd and Docker make groups of their own inside of a container that is allowed to.</summary>
    [RootFact]
    public async Task Groups_that_were_made_below_the_containers_first_are_gone()
    {
        await using var fixture = await EngineFixture.StartAsync();
        await EndAsync(fixture, await fixture.RunAsync(UntilGo), groups => Directory.CreateDirectory(Path.Combine(groups[0], "inner", "most")));
    }

    /// <summary>The shim has removed all others by then.</summary>
    [RootFact]
    public async Task Groups_that_were_made_below_the_containers_last_are_gone()
    {
        await using var fixture = await EngineFixture.StartAsync();
        await EndAsync(fixture, await fixture.RunAsync(UntilGo), groups => Directory.CreateDirectory(Path.Combine(groups[^1], "inner", "most")));
    }

    [RootFact]
    public async Task A_process_that_outlives_the_first_one_in_the_hosts_process_namespace_is_ended()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.RunAsync("setsid sleep 1000 & " + UntilGo, new HostConfig { PidMode = "host" });
        var processes = fixture.Engine.Cgroups.ProcessesFile(fixture.Engine.Specs.CgroupPath(container.Record));
        await EngineFixture.UntilAsync("it sleeps", () => PidsOf(processes).Any(pid => NameOf(pid) == "sleep" && ProcessFacts.SessionOf(pid) == pid));
        var outliving = PidsOf(processes).Single(pid => ProcessFacts.SessionOf(pid) == pid && NameOf(pid) == "sleep");
        await EndAsync(fixture, container, _ => { });
        await EngineFixture.UntilAsync("it is ended", () => !Directory.Exists($"/proc/{outliving}"));
    }

    /// <summary>crun made a folder for each container where the unified tree had been unmounted, and removed none.</summary>
    [RootFact]
    public async Task The_runtime_sees_no_tree_in_which_it_would_leave_folders()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.RunAsync("sleep 1000");
        var root = $"/proc/{ProcessFacts.ParentOf(container.State.Pid)}/root";
        var hidden = fixture.Engine.Cgroups is { Mode: CgroupMode.Hybrid, UnifiedHasControllers: true };
        Assert.Equal(
            Directory.GetDirectories(CgroupLayout.Root).Where(path => !hidden || path != CgroupLayout.Unified).Order(),
            Directory.GetDirectories(root + CgroupLayout.Root).Select(path => path[root.Length..]).Order());
    }

    private static async Task EndAsync(EngineFixture fixture, Container container, Action<List<string>> change)
    {
        var memberships = File.ReadLines($"/proc/{container.State.Pid}/cgroup").Where(line => line.EndsWith(container.Id, StringComparison.Ordinal));
        var groups = CgroupLayout.FoldersOf(fixture.Engine.Specs.CgroupPath(container.Record), memberships).ToList();
        Assert.NotEmpty(groups);
        Assert.All(groups, folder => Assert.True(Directory.Exists(folder), folder));
        change(groups);
        var exit = container.NextExit;
        await File.WriteAllTextAsync(Path.Combine(fixture.Roots.Mount(container.Id), "tmp/go"), "");
        Assert.Equal(0, (await exit.WaitAsync(EngineFixture.Deadline)).ExitCode);
        await EngineFixture.UntilAsync("nothing is left", () => !groups.Exists(Directory.Exists) && !Directory.Exists(Path.Combine(fixture.Options.RuntimeStatePath, container.Id)));
    }

    private static IEnumerable<int> PidsOf(string file) => File.ReadLines(file).Select(line => int.Parse(line, CultureInfo.InvariantCulture));

    private static string NameOf(int pid) => File.ReadAllText($"/proc/{pid}/comm").Trim();
}

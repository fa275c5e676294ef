using System.Globalization;
using Swarm.Linux;

namespace Swarm.Engine.Tests.Containers;

/// <summary>The shim that is started before there is anything for it.</summary>
public sealed class IdleShimTests
{
    private const int Kill = 9;

    [RootFact]
    public async Task One_waits_after_a_start_and_the_next_start_takes_it()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var first = await fixture.RunAsync("sleep 1000");
        var waiting = await WaitingAsync(fixture);
        Assert.NotEqual(ProcessFacts.ParentOf(first.State.Pid), waiting);
        var second = await fixture.RunAsync("sleep 1000");
        Assert.Equal(waiting, ProcessFacts.ParentOf(second.State.Pid));
        Assert.NotEqual(waiting, await WaitingAsync(fixture));
    }

    [RootFact]
    public async Task One_that_was_killed_costs_no_start()
    {
        await using var fixture = await EngineFixture.StartAsync();
        await fixture.RunAsync("sleep 1000");
        Assert.True(ChildProcess.Signal(await WaitingAsync(fixture), Kill));
        var container = await fixture.RunAsync("exit 4");
        Assert.Equal(4, (await container.NextExit.WaitAsync(EngineFixture.Deadline)).ExitCode);
    }

    [RootFact]
    public async Task It_ends_with_the_daemon()
    {
        await using var fixture = await EngineFixture.StartAsync();
        await fixture.RunAsync("sleep 1000");
        var waiting = await WaitingAsync(fixture);
        await fixture.RestartAsync();
        await EngineFixture.UntilAsync("it ends", () => ChildProcess.HasEnded(waiting));
    }

    private static async Task<int> WaitingAsync(EngineFixture fixture)
    {
        await EngineFixture.UntilAsync("a shim waits", () => Waiting(fixture).Count == 1);
        return Waiting(fixture)[0];
    }

    /// <summary>Until it has been given its bundle, its complaints would go to the daemon's folder.</summary>
    private static List<int> Waiting(EngineFixture fixture) =>
    [
        .. Directory.GetDirectories("/proc").Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid > 0 && new FileInfo($"/proc/{pid}/fd/2").LinkTarget == Path.Combine(fixture.Options.ExecRoot, "shim.err")),
    ];
}

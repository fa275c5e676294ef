using System.Text.Json;
using Swarm.Lab;
using LabApi = Swarm.Lab.Lab;

namespace Swarm.EndToEnd;

/// <summary>The real binary plays a story, judges it and leaves nothing behind. What the stories find is for chaos/run-all.</summary>
public sealed class ChaosTests : IAsyncLifetime
{
    private const string Name = "e2e-chaos";
    private readonly LabHost _host = LabHost.Default(TimeProvider.System);
    private readonly DirectoryInfo _reports = Directory.CreateTempSubdirectory("swarm-e2e-chaos-");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (LabApi.Names(_host).Contains(Name))
        {
            await LabApi.DownAsync(_host, Name, CancellationToken.None);
        }

        _reports.Delete(recursive: true);
    }

    [Fact]
    public async Task A_story_is_played_and_judged()
    {
        var run = await Shell.RunAsync(
            LabFixture.Binary, ["chaos", "run", Scenario("leader-kill"), "--seed", "1", "--lab", Name, "--report", _reports.FullName]);
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Contains("leader-kill, seed 1: held", run.Output, StringComparison.Ordinal);
        var folder = Path.Combine(_reports.FullName, "leader-kill-1");
        using var report = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "report.json")));
        Assert.Equal("Held", report.RootElement.GetProperty("verdict").GetString());
        Assert.True(report.RootElement.GetProperty("writes").GetProperty("ok").GetInt32() > 0);
        Assert.NotEmpty(await File.ReadAllLinesAsync(Path.Combine(folder, "history.jsonl")));
        Assert.Contains("<svg", await File.ReadAllTextAsync(Path.Combine(folder, "report.html")), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(folder, "logs", "m1.log")));
        Assert.DoesNotContain(Name, LabApi.Names(_host));
    }

    [Fact]
    public async Task A_story_that_cannot_be_read_is_not_played()
    {
        var file = Path.Combine(_reports.FullName, "odd.yaml");
        await File.WriteAllTextAsync(file, "name: odd\nstroy: x\n");
        var run = await Shell.RunAsync(LabFixture.Binary, ["chaos", "run", file, "--lab", Name]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("odd.yaml:", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Name, LabApi.Names(_host));
    }

    private static string Scenario(string name) => Path.Combine(AppContext.BaseDirectory, "scenarios", name + ".yaml");
}

using System.Globalization;
using Xunit.Abstractions;

namespace Swarm.EndToEnd.Survival;

/// <summary>
/// Kills the daemon again and again while clients create, start, commit, build, load and remove; whatever it was at, the next one finishes it or
/// clears it away. SWARM_KILLS says how often, SWARM_KILL_SEED when.
/// </summary>
public sealed class KillAtAnyMomentTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Clients = 4;
    private static readonly int Kills = FromEnvironment("SWARM_KILLS", 4), Seed = FromEnvironment("SWARM_KILL_SEED", 1);
    private readonly string _context = Directory.CreateTempSubdirectory("survival-").FullName;
    private OneNode _node = null!;

    public async Task InitializeAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(_context, "Dockerfile"), "FROM busybox\nARG n\nRUN echo $n > /n\nCOPY Dockerfile /d\nVOLUME /v\n");
        _node = await OneNode.UpAsync("kills", output.WriteLine);
        await _node.LoadBusyboxAsync();
    }

    public async Task DisposeAsync()
    {
        Directory.Delete(_context, recursive: true);
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task A_daemon_killed_at_any_moment_leaves_nothing_that_the_next_does_not_finish_or_clear()
    {
        var random = new Random(Seed);
        for (var kill = 0; kill < Kills; kill++)
        {
            var done = 0;
            using var stop = new CancellationTokenSource();
            var seeds = Enumerable.Range(0, Clients).Select(_ => random.Next()).ToArray();
            var clients = seeds.Select(seed => Task.Run(async () =>
            {
                var own = new Random(seed);
                while (!stop.IsCancellationRequested)
                {
                    await ActAsync(own);
                    Interlocked.Increment(ref done);
                }
            })).ToArray();

            // The moment is drawn as a number of actions and a fraction of one more.
            var enough = random.Next(2, 10);
            var fraction = TimeSpan.FromMilliseconds(random.Next(400));
            await _node.UntilAsync($"{enough} actions are done", () => Task.FromResult(Volatile.Read(ref done) >= enough ? "yes" : null));
            await Task.Delay(fraction);
            await _node.KillDaemonAsync();
            await stop.CancelAsync();
            await Task.WhenAll(clients);
            await _node.StartDaemonAsync();
            await CheckAsync(kill);
        }

        await _node.EmptyAsync();
    }

    /// <summary>Each may be cut off, and may find that another client, or a kill, was quicker: only what is left counts.</summary>
    private Task ActAsync(Random random)
    {
        var number = random.Next(5).ToString(CultureInfo.InvariantCulture);
        var name = "c" + number;
        return random.Next(8) switch
        {
            0 => _node.TryDockerAsync("create", "--name", name, "-v", "/v", "-v", "kept:/k", "busybox", "sleep", "1000"),
            1 => _node.TryDockerAsync("run", "-d", "--name", name, "--network", "none", "-v", "/v", "busybox", "sh", "-c", "echo x > /file; sleep 1000"),
            2 => _node.TryDockerAsync("run", "--rm", "-v", "/v", "busybox", "true"),
            3 => _node.TryDockerAsync("rm", "-fv", name),
            4 => _node.TryDockerAsync("commit", name, "committed:" + number),
            5 => _node.TryDockerAsync("build", "-q", "-t", "built:" + number, "--build-arg", "n=" + random.Next(), _context),
            6 => _node.TryDockerAsync("rmi", "-f", "built:" + number, "committed:" + number),
            _ => _node.TryDockerAsync("restart", "-t", "0", name),
        };
    }

    /// <summary>Every container and image that is listed is whole: it can be looked at, its files read, and what runs run on.</summary>
    private async Task CheckAsync(int kill)
    {
        foreach (var id in OneNode.Lines(await _node.DockerAsync("ps", "-aq", "--no-trunc")))
        {
            await _node.DockerAsync("cp", id + ":/etc/hostname", Path.Combine(_context, "hostname"));
            if ((await _node.DockerAsync("inspect", "-f", "{{.State.Running}}", id)).Trim() == "true")
            {
                await _node.DockerAsync("exec", id, "true");
            }
        }

        foreach (var id in OneNode.Lines(await _node.DockerAsync("images", "-q", "--no-trunc")).Distinct())
        {
            await _node.DockerAsync("run", "--rm", "--network", "none", id, "true");
        }

        var listed = OneNode.Lines(await _node.DockerAsync("ps", "-aq", "--no-trunc")).Order();
        var kept = Directory.GetDirectories(Path.Combine(_node.Paths.Data, "containers")).Select(Path.GetFileName).Order();
        Assert.Equal(listed, kept!);
        output.WriteLine($"kill {kill}: {listed.Count()} containers are whole");
    }

    private static int FromEnvironment(string name, int fallback) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : fallback;
}

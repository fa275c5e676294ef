using System.Diagnostics;
using LabApi = Swarm.Lab.Lab;

namespace Swarm.Benchmarks;

/// <summary>The leader's power cut, on three managers.</summary>
internal static class FailoverFigures
{
    private const int Replicas = 9;

    public static Task MeasureAsync(string binary, int runs, Figures figures) => Bench.InLabAsync("bench3", 3, 0, binary, async lab =>
    {
        var writes = new List<double>();
        var tasks = new List<double>();
        for (var i = 0; i < runs; i++)
        {
            var (leader, leaderId) = await LeaderAsync(lab);
            var survivor = lab.Record.Nodes.First(n => n.Name != leader).Name;
            using var client = lab.Connect(survivor);
            await client.CreateServiceAsync(Bench.Sleepers($"heal-{i}", Replicas), CancellationToken.None);
            await Bench.UntilAsync(Stopwatch.StartNew(), "tasks run", c => Bench.RunsAsync(client, $"heal-{i}", Replicas, null, c));

            var watch = Stopwatch.StartNew();
            await lab.KillAsync([leader], daemonOnly: false, CancellationToken.None);
            var attempt = 0;
            var write = Bench.UntilAsync(watch, "a write is accepted", async c =>
                (await client.CreateServiceAsync(Bench.Sleepers($"write-{i}-{attempt++}", 0), c)).ID.Length > 0);
            tasks.Add(await Bench.UntilAsync(watch, "tasks run elsewhere", c => Bench.RunsAsync(client, $"heal-{i}", Replicas, leaderId, c)));
            writes.Add(await write);

            await lab.RestartAsync([leader], CancellationToken.None);
            await Bench.UntilAsync(Stopwatch.StartNew(), "the old leader is back", async c => (await client.NodesAsync(c)).All(n => n.Status?.State == "ready"));
            foreach (var service in await client.ServicesAsync(CancellationToken.None))
            {
                await client.RemoveServiceAsync(service.ID, CancellationToken.None);
            }

            await Bench.UntilAsync(Stopwatch.StartNew(), "all tasks are gone", async c => (await client.TasksAsync(c)).Count == 0);
        }

        figures.Add("leader killed: next write accepted", "13.8 s", "<= 1 s", writes, "s");
        figures.Add("leader killed: its tasks running elsewhere", "48.8 s", "<= 4 s", tasks, "s");
    });

    private static async Task<(string Name, string Id)> LeaderAsync(LabApi lab)
    {
        using var client = lab.Connect("m1");
        (string, string)? leader = null;
        await Bench.UntilAsync(Stopwatch.StartNew(), "there is a leader", async c =>
        {
            var node = (await client.NodesAsync(c)).FirstOrDefault(n => n.ManagerStatus?.Leader == true);
            leader = node is null ? null : (node.Description!.Hostname!, node.ID);
            return leader is not null;
        });
        return leader!.Value;
    }
}

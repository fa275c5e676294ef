using System.Globalization;

namespace Swarm.Benchmarks.Convergence;

/// <summary>
/// How soon every node's names and rules are what the store says: 100 services with 1,000 tasks on one network and five nodes, all of it in this process and
/// just-in-time compiled, so five nodes share this machine's processors. Left out: the write to disks and the wire (which are measured apart), and the containers'
/// processes. Real: managers' loops, dispatcher, agents, and for each task a namespace with its links, rules and name server. Needs root.
/// </summary>
internal static class ConvergenceFigures
{
    private const int Services = 100;
    private const ulong TasksOfEach = 10;
    private const string Target = "<= 500 ms";

    public static async Task MeasureAsync(int runs, Figures figures)
    {
        await using var cluster = await TableCluster.StartAsync();
        var names = Enumerable.Range(1, Services).Select(number => string.Create(CultureInfo.InvariantCulture, $"service{number}")).ToList();
        foreach (var name in names)
        {
            await cluster.MakeServiceAsync(name, TasksOfEach);
        }

        await cluster.UntilAsync("all tasks run", () => cluster.Running == Services * (int)TasksOfEach);
        await SettledAsync(cluster, "filled");

        await OneByOneAsync(cluster, 10 * runs, figures, "a service more, on five nodes with 1,000 tasks", number =>
            cluster.MakeServiceAsync(string.Create(CultureInfo.InvariantCulture, $"more{number}"), 0));
        await OneByOneAsync(cluster, 10 * runs, figures, "a task less, and then its end", number => cluster.ScaleAsync(names[number % Services], TasksOfEach - 1));
        await cluster.UntilAsync("the tasks have ended", () => cluster.Running == (Services * (int)TasksOfEach) - Math.Min(Services, 10 * runs));
        await OneByOneAsync(cluster, 10 * runs, figures, "a task more, and then its start", number => cluster.ScaleAsync(names[number % Services], TasksOfEach));
        await cluster.UntilAsync("all tasks run", () => cluster.Running == Services * (int)TasksOfEach);
        foreach (var rate in (int[])[10, 50])
        {
            await UnderChurnAsync(cluster, rate, names, figures);
        }
    }

    /// <summary>Each after the last has arrived everywhere.</summary>
    private static async Task OneByOneAsync(TableCluster cluster, int count, Figures figures, string what, Func<int, Task> change)
    {
        await SettledAsync(cluster, "before: " + what);
        var from = cluster.Changes.Count;
        for (var number = 0; number < count; number++)
        {
            var before = cluster.Changes.Count;
            await change(number);
            await cluster.UntilAsync(what, () => cluster.Changes.Count > before);
            await cluster.SettledAsync();
        }

        await SettledAsync(cluster, what);
        Add(figures, what, cluster.Latencies(from));
    }

    /// <summary>Services are scaled down and up at a rate, whatever is still under way.</summary>
    private static async Task UnderChurnAsync(TableCluster cluster, int rate, List<string> names, Figures figures)
    {
        const int seconds = 10;
        await SettledAsync(cluster, "before the churn");
        var from = cluster.Changes.Count;
        using var tick = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / rate));
        for (var number = 0; number < rate * seconds; number++)
        {
            await tick.WaitForNextTickAsync();
            await cluster.ScaleAsync(names[number % Services], TasksOfEach - (ulong)(1 - (number / Services % 2)));
        }

        foreach (var name in names)
        {
            await cluster.ScaleAsync(name, TasksOfEach);
        }

        await cluster.UntilAsync("all tasks run", () => cluster.Running == Services * (int)TasksOfEach);
        await SettledAsync(cluster, "after the churn");
        Add(figures, string.Create(CultureInfo.InvariantCulture, $"each change of the table while {rate} services a second are scaled"), cluster.Latencies(from));
    }

    private static void Add(Figures figures, string what, List<double> latencies)
    {
        var sorted = latencies.Order().ToList();
        figures.Add($"until all tables are equal: {what}", "", Target, sorted, "ms");
        figures.Add("99 of 100 of them", "", Target, [sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * 0.99))]], "ms");
    }

    private static async Task SettledAsync(TableCluster cluster, string what)
    {
        await cluster.SettledAsync();
        List<string> differences = ["not looked"];
        for (var look = 0; look < 50 && differences.Count > 0; look++)
        {
            differences = await cluster.DifferencesAsync();
        }

        if (differences.Count > 0)
        {
            throw new InvalidOperationException($"{what}: {differences.Count} differences, as {differences[0]}");
        }
    }
}

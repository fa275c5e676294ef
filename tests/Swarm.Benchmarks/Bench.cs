using System.Diagnostics;
using Swarm.Api.Client;
using Swarm.Api.Wire;
using Swarm.Lab;
using LabApi = Swarm.Lab.Lab;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Benchmarks;

/// <summary>What the measurements share.</summary>
internal static class Bench
{
    public static readonly LabHost Host = LabHost.Default(TimeProvider.System);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(5);

    /// <summary>A lab for the time of <paramref name="measure"/>.</summary>
    public static async Task InLabAsync(string name, int managers, int workers, string binary, Func<LabApi, Task> measure)
    {
        if (LabApi.Names(Host).Contains(name))
        {
            await LabApi.DownAsync(Host, name, CancellationToken.None);
        }

        var options = new LabOptions { Name = name, Managers = managers, Workers = workers, Binary = binary };
        var lab = await LabApi.UpAsync(Host, options, line => Console.Error.WriteLine(line), CancellationToken.None);
        try
        {
            await measure(lab);
        }
        finally
        {
            await LabApi.DownAsync(Host, name, CancellationToken.None);
        }
    }

    /// <summary>Runs clients beside each other, each on a thread of its own.</summary>
    public static Task<T[]> OnThreadsAsync<T>(int clients, Func<int, T> run) => Task.WhenAll(Enumerable.Range(0, clients)
        .Select(client => Task.Factory.StartNew(() => run(client), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

    public static ServiceSpec Sleepers(string name, ulong replicas) => new()
    {
        Name = name,
        Mode = new ServiceMode { Replicated = new ReplicatedService { Replicas = replicas } },
        TaskTemplate = new TaskSpec
        {
            ContainerSpec = new ContainerSpec { Image = "busybox:latest", Args = ["sleep", "infinity"], StopSignal = "SIGKILL" },
        },
    };

    /// <summary>Seconds until the condition holds; an engine that refuses or hangs is asked again.</summary>
    public static async Task<double> UntilAsync(Stopwatch watch, string what, Func<CancellationToken, Task<bool>> condition)
    {
        Exception? last = null;
        while (watch.Elapsed < Limit)
        {
            using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            try
            {
                if (await condition(soon.Token))
                {
                    return watch.Elapsed.TotalSeconds;
                }
            }
            catch (Exception e) when (e is EngineClientException or EngineUnreachableException or OperationCanceledException)
            {
                last = e;
            }

            await Task.Delay(AskAgain);
        }

        throw new TimeoutException($"{what}: not within {Limit.TotalMinutes:0} minutes; last refusal: {last?.Message}");
    }

    public static async Task<bool> RunsAsync(EngineClient client, string service, int count, string? notOn, CancellationToken cancellation)
    {
        var tasks = await client.TasksAsync(cancellation, new KeyValuePair<string, string>("service", service), new("desired-state", "running"));
        return tasks.Count(t => t.Status?.State == "running" && t.NodeID != notOn) >= count;
    }

    public static async Task RemoveAsync(EngineClient client, string service)
    {
        await client.RemoveServiceAsync(service, CancellationToken.None);
        await UntilAsync(Stopwatch.StartNew(), $"{service} is gone", async c => (await client.TasksAsync(c)).Count == 0);
    }
}

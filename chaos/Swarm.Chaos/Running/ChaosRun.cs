using Swarm.Chaos.Checkers;
using Swarm.Chaos.Histories;
using Swarm.Chaos.Reports;
using Swarm.Chaos.Scenarios;
using Swarm.Chaos.Timeline;
using Swarm.Chaos.Workloads;
using Swarm.Chaos.Workloads.Networks;
using Swarm.Lab;
using LabApi = Swarm.Lab.Lab;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Chaos.Running;

/// <summary>One scenario with one seed: lab, clients, faults, mending, convergence, verdicts.</summary>
public sealed class ChaosRun(Scenario scenario, long seed, RunOptions options, TimeProvider time)
{
    /// <summary>After convergence, for a first write.</summary>
    private static readonly TimeSpan WriteLimit = TimeSpan.FromSeconds(15);

    /// <summary>Clients go on for so long before the first fault and after the last, so that there is something to compare with.</summary>
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(1);

    /// <exception cref="RunException">The run could not be made, so nothing is known.</exception>
    public async Task<RunReport> RunAsync(CancellationToken cancellation)
    {
        var plan = FaultPlan.Draw(scenario, seed);
        LabApi lab;
        try
        {
            lab = await LabApi.UpAsync(options.Host, LabOptions(), static _ => { }, cancellation);
        }
        catch (Exception e) when (e is LabException or TimeoutException || (ClusterAccess.IsNoAnswer(e) && !cancellation.IsCancellationRequested))
        {
            throw new RunException($"the lab did not come up: {e.Message}", e);
        }

        try
        {
            using var cluster = new ClusterAccess(lab, time);
            return await OnLabAsync(cluster, plan, cancellation);
        }
        finally
        {
            await EndAsync(lab);
        }
    }

    private async Task<RunReport> OnLabAsync(ClusterAccess cluster, IReadOnlyList<PlannedFault> plan, CancellationToken cancellation)
    {
        var history = new HistoryRecorder(time);
        IReadOnlyList<IWorkload> workloads = [.. scenario.Workloads.Select(w => Make(w, cluster, history))];
        var setUp = 0;
        foreach (var workload in workloads)
        {
            await workload.SetUpAsync(Session(cluster, history, setUp--), cancellation);
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var watch = new LeaderWatch(cluster, history);
        var watching = watch.RunAsync(stop.Token);
        var number = 1;
        var clients = workloads.SelectMany(w => Enumerable.Range(0, w.Clients).Select(_ => ClientAsync(w, Session(cluster, history, number++), stop.Token))).ToList();
        var injector = new Injector(cluster, history, options.Say);
        var findings = new List<Finding>();
        TimeSpan faultsFrom, faultsTo, whole;
        try
        {
            await Task.Delay(Calm, time, cancellation);
            faultsFrom = history.Now;
            await injector.RunAsync(plan, scenario.Duration, cancellation);
            await Mending.MendAsync(cluster, options.Say, cancellation);
            faultsTo = history.Now;
            var convergence = new Convergence(cluster, history);
            findings.Add(await convergence.WaitAsync(scenario.Converge, cancellation));
            whole = history.Now;
            options.Say($"{whole.TotalSeconds,7:0.00} s  {findings[0].Property}: {findings[0].Verdict}, {findings[0].Summary}");
            findings.Add(await convergence.WaitWritesAsync(whole, WriteLimit, cancellation));
            await Task.Delay(Calm, time, cancellation);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll([watching, .. clients]);
        }

        var evidence = new Evidence();
        foreach (var workload in workloads)
        {
            evidence = await workload.FinishAsync(evidence, cancellation);
        }

        var logs = cluster.Managers.SelectMany(m => LeaderLog.Claims(m, ReadLines(cluster.Lab.Paths(m).Log), history.StartedAt));
        evidence = evidence with
        {
            Operations = history.Operations(),
            Faults = injector.Events,
            LeaderClaims = [.. logs.Concat(watch.Claims).OrderBy(c => c.At)],
            Replicas = await ReplicaComparison.LookAsync(cluster, cancellation),
        };
        IReadOnlyList<IChecker> checkers = [.. workloads.SelectMany(w => w.Checkers), new OneLeaderPerTerm(), new ReplicasEqual(cluster.Managers.Count)];
        findings.AddRange(checkers.Select(c => c.Check(evidence)));
        findings.Add(FaultsHappened.Check(injector.Events));
        return new RunReport
        {
            Scenario = scenario.Name,
            Story = scenario.Story,
            Seed = seed,
            Command = $"swarm chaos run {options.ScenarioPath} --seed {seed}",
            StartedAt = history.StartedAt,
            FaultsFrom = faultsFrom,
            FaultsTo = faultsTo,
            WholeAt = whole,
            End = history.Now,
            Findings = findings,
            Faults = injector.Events,
            Leaders = evidence.LeaderClaims,
            Writes = CallFigures.Of(evidence.Operations.Where(o => o.IsWrite)),
            Reads = CallFigures.Of(evidence.Operations.Where(o => !o.IsWrite)),
            LongestWriteGap = CallFigures.LongestGap(evidence.Operations, whole),
            Operations = evidence.Operations,
        };
    }

    private static async Task ClientAsync(IWorkload workload, ClientSession session, CancellationToken stop)
    {
        try
        {
            await workload.RunAsync(session, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The end that was asked for.
        }
    }

    private ClientSession Session(ClusterAccess cluster, HistoryRecorder history, int number) =>
        new(cluster, history, number, Dice.For(seed, $"client {number}"));

    private static IWorkload Make(WorkloadSpec spec, ClusterAccess cluster, HistoryRecorder history) => spec.Kind switch
    {
        WorkloadKind.Register => new RegisterWorkload(spec, cluster),
        WorkloadKind.Set => new SetWorkload(spec, cluster),
        WorkloadKind.Services => new ServicesWorkload(spec, cluster),
        WorkloadKind.Networks => new NetworksWorkload(spec, cluster, history),
        _ => throw new InvalidOperationException($"no workload is called {spec.Kind}"),
    };

    private LabOptions LabOptions() => new()
    {
        Name = options.Lab,
        Managers = scenario.Cluster.Managers,
        Workers = scenario.Cluster.Workers,
        Binary = options.Binary,
        Busybox = RunOptions.Busybox,
        DiskBytes = scenario.Cluster.DiskBytes,
    };

    private async Task EndAsync(LabApi lab)
    {
        if (options.Logs is { } folder)
        {
            Directory.CreateDirectory(folder);
            foreach (var node in lab.Record.Nodes.Where(n => File.Exists(lab.Paths(n.Name).Log)))
            {
                await File.WriteAllLinesAsync(Path.Combine(folder, node.Name + ".log"), ReadLines(lab.Paths(node.Name).Log));
            }
        }

        if (!options.Keep)
        {
            // Not cancelled: whoever interrupts a run does not want its lab to stay.
            try
            {
                await LabApi.DownAsync(options.Host, lab.Name, CancellationToken.None);
            }
            catch (LabException e)
            {
                // The verdict stands; the next run of this lab's name will say that it stands, too.
                options.Say($"lab {lab.Name} does not go: {e.Message}");
            }
        }
    }

    /// <summary>While the daemon may still write.</summary>
    private static List<string> ReadLines(string path)
    {
        using var file = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        var lines = new List<string>();
        while (file.ReadLine() is { } line)
        {
            lines.Add(line);
        }

        return lines;
    }
}

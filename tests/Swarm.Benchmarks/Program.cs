using Swarm.Benchmarks;
using Swarm.Benchmarks.Convergence;
using Swarm.Benchmarks.Ingress;

// Prints the figures of docs (targets): dotnet run --project tests/Swarm.Benchmarks -c Release -- [RUNS] [GROUP...]
// Groups that need root and a built binary in SWARM_BINARY (./swarm builds artifacts/swarm/swarm), and make labs of their own and take them down: process, node,
// failover, services, snapshot, orchestration (with the docker command), memory, million, ingress; and turns, in the labs of three managers that SWARM_LABS=A,B names, made
// with `swarm lab up A --workers 0 --binary m1=...`. With root, in namespaces of their own: convergence, apply. In this process, on the disk of the current folder:
// tables, scheduler, store, entries; and etcd, beside services, for a measure of the machine.
// None named: all that need no more than a few minutes; memory, million and entries take up to a quarter of an hour each.
var binary = Environment.GetEnvironmentVariable("SWARM_BINARY");
var runs = args.Length > 0 && int.TryParse(args[0], out var number) ? number : 5;
string[] groups = [.. args.Where(arg => !int.TryParse(arg, out _))];
if (groups.Length == 0)
{
    groups = ["process", "node", "failover", "services", "orchestration", "etcd", "tables", "scheduler", "store"];
}

const int Entries = 1_000_000;
var figures = new Figures();
foreach (var group in groups)
{
    if (group is "process" or "node" or "failover" or "services" or "snapshot" or "orchestration" or "memory" or "million" or "ingress" && (string.IsNullOrEmpty(binary) || !File.Exists(binary)))
    {
        Console.Error.WriteLine("SWARM_BINARY must name the swarm executable (./swarm builds artifacts/swarm/swarm)");
        return 1;
    }

    switch (group)
    {
        case "process": await ProcessFigures.MeasureAsync(binary!, figures); break;
        case "node": await OneNodeFigures.MeasureAsync(binary!, runs, figures); break;
        case "failover": await FailoverFigures.MeasureAsync(binary!, runs, figures); break;
        case "services": await ServiceFigures.MeasureAsync(binary!, runs, figures); break;
        case "snapshot": await SnapshotFigures.MeasureAsync(binary!, figures); break;
        case "orchestration": await OrchestrationFigures.MeasureAsync(binary!, runs, figures); break;
        case "turns": await ServiceFigures.CompareAsync((Environment.GetEnvironmentVariable("SWARM_LABS") ?? "").Split(','), runs, figures); break;
        case "ingress": await IngressFigures.MeasureAsync(binary!, figures); break;
        case "memory": await MemoryFigures.MeasureAsync(binary!, 100, "", figures); break;
        case "million": await MemoryFigures.MeasureAsync(binary!, 1000, "<= 2,048 MiB", figures); break;
        case "etcd" when EtcdFigures.Missing is { } missing: Console.Error.WriteLine(missing); break;
        case "etcd": await EtcdFigures.MeasureAsync(runs, figures); break;
        case "store": await StoreFigures.MeasureAsync(runs, figures); break;
        case "entries": await EntryFigures.MeasureAsync(Entries, figures); break;
        case "tables": TableFigures.Measure(runs, figures); break;
        case "apply": await ApplyFigures.MeasureAsync(runs, figures); break;
        case "convergence": await ConvergenceFigures.MeasureAsync(runs, figures); break;
        case "scheduler": SchedulerFigures.Measure(figures, runs); break;
        default:
            Console.Error.WriteLine($"there is no group {group}");
            return 1;
    }
}

Console.Out.Write(figures.ToMarkdown());
return 0;

using Swarm.Benchmarks;

// Prints the figures of docs (targets): dotnet run --project tests/Swarm.Benchmarks -c Release -- [RUNS] [GROUP...]
// Groups: process, node, failover, services, orchestration, memory, million (they need root, and a built binary in SWARM_BINARY: ./swarm builds
// artifacts/swarm/swarm; they make labs of their own, bench1, bench3, bench-api, bench-orch and bench-mem, and take them down; orchestration needs the
// docker command too) and tables, scheduler, etcd (beside services, for a measure of the machine), store and entries (in this process, on the disk of the
// current folder). None named: all that need no more than a few minutes; memory, million and entries take up to a quarter of an hour each.
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
    if (group is "process" or "node" or "failover" or "services" or "orchestration" or "memory" or "million" && (string.IsNullOrEmpty(binary) || !File.Exists(binary)))
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
        case "orchestration": await OrchestrationFigures.MeasureAsync(binary!, runs, figures); break;
        case "memory": await MemoryFigures.MeasureAsync(binary!, 100, "", figures); break;
        case "million": await MemoryFigures.MeasureAsync(binary!, 1000, "<= 2,048 MiB", figures); break;
        case "etcd" when EtcdFigures.Missing is { } missing: Console.Error.WriteLine(missing); break;
        case "etcd": await EtcdFigures.MeasureAsync(runs, figures); break;
        case "store": await StoreFigures.MeasureAsync(runs, figures); break;
        case "entries": await EntryFigures.MeasureAsync(Entries, figures); break;
        case "tables": TableFigures.Measure(runs, figures); break;
        case "scheduler": SchedulerFigures.Measure(figures); break;
        default:
            Console.Error.WriteLine($"there is no group {group}");
            return 1;
    }
}

Console.Out.Write(figures.ToMarkdown());
return 0;

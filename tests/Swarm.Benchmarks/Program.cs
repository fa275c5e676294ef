using Swarm.Benchmarks;

// Prints the figures of docs (targets) for a built binary: SWARM_BINARY=artifacts/swarm/swarm dotnet run --project tests/Swarm.Benchmarks -c Release
// Needs root: it makes labs of its own (bench1, bench3) and takes them down.
var binary = Environment.GetEnvironmentVariable("SWARM_BINARY");
if (string.IsNullOrEmpty(binary) || !File.Exists(binary))
{
    Console.Error.WriteLine("SWARM_BINARY must name the swarm executable (./swarm builds artifacts/swarm/swarm)");
    return 1;
}

var runs = args.Length > 0 ? int.Parse(args[0], System.Globalization.CultureInfo.InvariantCulture) : 5;
var figures = new Figures();
await ProcessFigures.MeasureAsync(binary, figures);
await OneNodeFigures.MeasureAsync(binary, runs, figures);
await FailoverFigures.MeasureAsync(binary, runs, figures);
Console.Out.Write(figures.ToMarkdown());
return 0;

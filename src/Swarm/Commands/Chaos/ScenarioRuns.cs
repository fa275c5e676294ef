using Swarm.Chaos.Checkers;
using Swarm.Chaos.Reports;
using Swarm.Chaos.Running;
using Swarm.Chaos.Scenarios;
using Swarm.Chaos.Timeline;
using Swarm.Lab;

namespace Swarm.Commands.Chaos;

/// <summary>One scenario with one seed after the other, told on the terminal and in files.</summary>
/// <param name="binary">What the nodes run; null: this program.</param>
internal sealed class ScenarioRuns(Cli cli, string reports, string lab, bool keep, string? binary)
{
    /// <summary>Answers the worst verdict; goes on after each, unless its lab is kept.</summary>
    public async Task<Verdict> RunAsync(string path, IReadOnlyList<long> seeds, CancellationToken cancellation)
    {
        var scenario = ScenarioReader.Load(path);
        var worst = Verdict.Held;
        var table = new List<string>();
        foreach (var seed in seeds)
        {
            var (verdict, line) = await OneAsync(scenario, path, seed, cancellation);
            table.Add(line);
            worst = verdict > worst ? verdict : worst;
            if (keep)
            {
                break;
            }
        }

        if (seeds.Count > 1)
        {
            await cli.Out.WriteLineAsync();
            table.ForEach(cli.Out.WriteLine);
        }

        return worst;
    }

    private async Task<(Verdict Verdict, string Line)> OneAsync(Scenario scenario, string path, long seed, CancellationToken cancellation)
    {
        await cli.Out.WriteLineAsync($"{scenario.Name}, seed {seed}: {scenario.Story}\n");
        foreach (var fault in FaultPlan.Draw(scenario, seed))
        {
            await cli.Out.WriteLineAsync("  " + fault);
        }

        await cli.Out.WriteLineAsync();
        var folder = ReportFiles.Folder(reports, scenario.Name, seed);
        var run = new ChaosRun(
            scenario,
            seed,
            new RunOptions
            {
                Host = LabHost.Default(cli.Time),
                Lab = lab,
                Binary = binary ?? Environment.ProcessPath ?? throw new RunException("cannot tell which program this is: /proc is not mounted"),
                Keep = keep,
                ScenarioPath = path,
                Say = Say,
                Logs = Path.Combine(folder, "logs"),
            },
            cli.Time);
        try
        {
            var report = await run.RunAsync(cancellation);
            ReportFiles.Write(folder, report);
            TextReport.Write(report, cli.Out);
            await cli.Out.WriteLineAsync($"report: {Path.Combine(folder, "report.html")}");
            return (report.Verdict, $"{scenario.Name,-24} seed {seed,-5} {TextReport.Word(report.Verdict)}"
                + string.Concat(report.Findings.Where(f => f.Verdict != Verdict.Held).Select(f => $"; {f.Property}: {f.Summary}")));
        }
        catch (RunException e)
        {
            await cli.Error.WriteLineAsync(e.Message);
            return (Verdict.Unknown, $"{scenario.Name,-24} seed {seed,-5} could not run: {e.Message}");
        }
    }

    private void Say(string line)
    {
        lock (cli.Out)
        {
            cli.Out.WriteLine("  " + line);
        }
    }
}

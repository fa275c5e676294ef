using Swarm.Chaos.Checkers;

namespace Swarm.Chaos.Reports;

/// <summary>A report for the terminal.</summary>
public static class TextReport
{
    public static void Write(RunReport report, TextWriter output)
    {
        output.WriteLine();
        foreach (var finding in report.Findings)
        {
            output.WriteLine($"  {Word(finding.Verdict),-9} {finding.Property}: {finding.Summary}");
            foreach (var detail in finding.Details)
            {
                output.WriteLine($"              {detail}");
            }
        }

        output.WriteLine();
        output.WriteLine($"  writes    {Figures(report.Writes)}; longest time without one {report.LongestWriteGap.TotalSeconds:0.00} s");
        output.WriteLine($"  reads     {Figures(report.Reads)}");
        output.WriteLine($"  again     {report.Command}");
        output.WriteLine();
        output.WriteLine($"{report.Scenario}, seed {report.Seed}: {Word(report.Verdict)}");
    }

    public static string Word(Verdict verdict) => verdict switch
    {
        Verdict.Held => "held",
        Verdict.Violated => "VIOLATED",
        _ => "UNKNOWN",
    };

    private static string Figures(CallFigures f) =>
        $"{f.Ok} ok, {f.Failed} refused, {f.Unknown} unknown; median {Ms(f.Median)}, p99 {Ms(f.P99)}, worst {Ms(f.Worst)}";

    private static string Ms(TimeSpan time) => $"{time.TotalMilliseconds:0.0} ms";
}

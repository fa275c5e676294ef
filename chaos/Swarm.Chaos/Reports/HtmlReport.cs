using System.Globalization;
using System.Net;
using System.Text;
using Swarm.Chaos.Checkers;

namespace Swarm.Chaos.Reports;

/// <summary>One page that needs nothing else: verdicts, the drawn timeline, and the evidence.</summary>
public static class HtmlReport
{
    private const string Style = """
        body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1180px; padding: 0 1rem; color: #1d2330; background: #fff; }
        h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; } p { margin: .3rem 0; }
        table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #e3e6ec; vertical-align: top; }
        code, pre { font: 12px/1.5 ui-monospace, monospace; background: #f3f5f8; padding: .1rem .3rem; border-radius: 3px; }
        pre { padding: .6rem; overflow-x: auto; white-space: pre-wrap; } .Held { color: #1a7f4b; } .Violated { color: #c0262d; } .Unknown { color: #9a6700; }
        .word { font-weight: 600; } svg { width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: #1d2330; } .muted { color: #667; }
        """;

    public static string Write(RunReport report)
    {
        var page = new StringBuilder();
        page.Append("<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>").Append(Text($"{report.Scenario}, seed {report.Seed}"))
            .Append("</title>\n<style>\n").Append(Style).Append("\n</style></head>\n<body>\n");
        page.Append($"<h1>{Text(report.Scenario)}, seed {report.Seed}: <span class=\"{report.Verdict}\">{TextReport.Word(report.Verdict)}</span></h1>\n");
        page.Append($"<p>{Text(report.Story)}</p>\n<p class=\"muted\">{Text(report.StartedAt.ToString("u", CultureInfo.InvariantCulture))} · again: <code>{Text(report.Command)}</code></p>\n");
        Findings(page, report);
        page.Append("<h2>Timeline</h2>\n");
        TimelineDrawing.Write(page, report);
        Figures(page, report);
        Faults(page, report);
        return page.Append("</body>\n</html>\n").ToString();
    }

    internal static string Text(string text) => WebUtility.HtmlEncode(text);

    private static void Findings(StringBuilder page, RunReport report)
    {
        page.Append("<h2>What held</h2>\n<table>\n");
        foreach (var finding in report.Findings)
        {
            page.Append($"<tr><td class=\"word {finding.Verdict}\">{TextReport.Word(finding.Verdict)}</td><td>{Text(finding.Property)}</td><td>{Text(finding.Summary)}");
            if (finding.Details.Count > 0)
            {
                page.Append("<pre>").AppendJoin('\n', finding.Details.Select(Text)).Append("</pre>");
            }

            page.Append("</td></tr>\n");
        }

        page.Append("</table>\n");
    }

    private static void Figures(StringBuilder page, RunReport report)
    {
        page.Append("<h2>What the clients saw</h2>\n<table><tr><th></th><th>ok</th><th>refused</th><th>unknown</th><th>median</th><th>p99</th><th>worst</th></tr>\n");
        foreach (var (name, figures) in new[] { ("writes", report.Writes), ("reads", report.Reads) })
        {
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{name}</td><td>{figures.Ok}</td><td>{figures.Failed}</td><td>{figures.Unknown}</td>")
                .Append(CultureInfo.InvariantCulture, $"<td>{figures.Median.TotalMilliseconds:0.0} ms</td><td>{figures.P99.TotalMilliseconds:0.0} ms</td><td>{figures.Worst.TotalMilliseconds:0.0} ms</td></tr>\n");
        }

        page.Append(CultureInfo.InvariantCulture, $"</table>\n<p>Longest time without an acknowledged write: {report.LongestWriteGap.TotalSeconds:0.00} s.</p>\n");
    }

    private static void Faults(StringBuilder page, RunReport report)
    {
        page.Append("<h2>What happened</h2>\n<table><tr><th></th><th>from</th><th>to</th><th>fault</th><th></th></tr>\n");
        foreach (var fault in report.Faults)
        {
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{fault.Number}</td><td>{fault.Start.TotalSeconds:0.00} s</td><td>{fault.End.TotalSeconds:0.00} s</td>")
                .Append($"<td>{Text(fault.Kind)}</td><td>{(fault.Skipped ? "skipped: " : "")}{Text(fault.What)}{(fault.Error is null ? "" : " — " + Text(fault.Error))}</td></tr>\n");
        }

        page.Append("</table>\n");
    }
}

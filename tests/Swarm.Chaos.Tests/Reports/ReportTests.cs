using System.Text.Json;
using System.Xml.Linq;
using Swarm.Chaos.Checkers;
using Swarm.Chaos.Histories;
using Swarm.Chaos.Reports;
using Swarm.Chaos.Running;
using Swarm.Chaos.Tests.Checkers;

namespace Swarm.Chaos.Tests.Reports;

public sealed class ReportTests
{
    private static readonly RunReport Report = new()
    {
        Scenario = "storm",
        Story = "Nodes <die> & return.",
        Seed = 7,
        Command = "swarm chaos run chaos/scenarios/storm.yaml --seed 7",
        StartedAt = DateTimeOffset.UnixEpoch,
        FaultsFrom = TimeSpan.FromSeconds(1),
        FaultsTo = TimeSpan.FromSeconds(3),
        WholeAt = TimeSpan.FromSeconds(4),
        End = TimeSpan.FromSeconds(5),
        Findings = [Finding.Held("a", "fine"), Finding.Violated("b", "a <b> is gone", "set-1 & set-2")],
        Faults = [new FaultEvent(1, "kill", "m1 \"off\"", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), false, null), new FaultEvent(2, "pause", "nobody", TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(1.5), true, null)],
        Leaders = [Ops.Claim(1, "a"), Ops.Claim(2, "b")],
        Writes = new CallFigures(2, 1, 1, TimeSpan.FromMilliseconds(3), TimeSpan.FromMilliseconds(40), TimeSpan.FromMilliseconds(50)),
        Reads = new CallFigures(0, 0, 0, default, default, default),
        LongestWriteGap = TimeSpan.FromSeconds(1.25),
        Operations = [Ops.Create("x", 10, 20), Ops.Create("y", 30, 900, Outcome.Unknown), Ops.Read("v<", 5, 6)],
    };

    [Fact]
    public void The_worst_finding_is_the_verdict()
    {
        Assert.Equal(Verdict.Violated, Report.Verdict);
        Assert.Equal(Verdict.Unknown, (Report with { Findings = [Finding.Unknown("c", "?"), Finding.Held("a", "fine")] }).Verdict);
        Assert.Equal(Verdict.Held, (Report with { Findings = [Finding.Held("a", "fine")] }).Verdict);
    }

    [Fact]
    public void The_page_is_well_formed_and_needs_nothing_else()
    {
        var html = HtmlReport.Write(Report);
        var page = XDocument.Parse(html.Replace("<!doctype html>", "", StringComparison.Ordinal).Replace("<meta charset=\"utf-8\">", "", StringComparison.Ordinal));
        Assert.Equal(3, page.Descendants("circle").Count());
        Assert.Contains("Nodes <die> & return.", page.Root!.Value, StringComparison.Ordinal);
        Assert.DoesNotContain("src=", html, StringComparison.Ordinal);
        Assert.DoesNotContain("http", html, StringComparison.Ordinal);
    }

    [Fact]
    public void The_terminal_says_what_did_not_hold_and_how_to_run_it_again()
    {
        var text = new StringWriter();
        TextReport.Write(Report, text);
        Assert.Contains("VIOLATED  b: a <b> is gone", text.ToString(), StringComparison.Ordinal);
        Assert.Contains(Report.Command, text.ToString(), StringComparison.Ordinal);
        Assert.EndsWith($"storm, seed 7: VIOLATED{Environment.NewLine}", text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_files_hold_report_and_history()
    {
        var folder = Directory.CreateTempSubdirectory("chaos-report-");
        try
        {
            ReportFiles.Write(folder.FullName, Report);
            using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.FullName, "report.json")));
            Assert.Equal("Violated", json.RootElement.GetProperty("verdict").GetString());
            Assert.Equal(7, json.RootElement.GetProperty("seed").GetInt64());
            var history = File.ReadAllLines(Path.Combine(folder.FullName, "history.jsonl"));
            Assert.Equal(["x", "y", "x"], history.Select(l => JsonDocument.Parse(l).RootElement.GetProperty("key").GetString()));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Figures_are_of_acknowledged_calls()
    {
        var figures = CallFigures.Of([.. Enumerable.Range(1, 100).Select(i => Ops.Create($"{i}", 0, i)), Ops.Create("lost", 0, 3000, Outcome.Unknown), Ops.Create("no", 0, 5000, Outcome.Failed)]);
        Assert.Equal(new CallFigures(100, 1, 1, Ops.Ms(50), Ops.Ms(99), Ops.Ms(100)), figures);
    }

    [Fact]
    public void The_longest_gap_lies_between_acknowledged_writes_or_before_the_end()
    {
        Operation[] operations = [Ops.Create("a", 0, 10), Ops.Read("r", 20, 30), Ops.Create("b", 20, 50, Outcome.Failed), Ops.Create("c", 60, 110)];
        Assert.Equal(Ops.Ms(100), CallFigures.LongestGap(operations, Ops.Ms(150)));
        Assert.Equal(Ops.Ms(290), CallFigures.LongestGap(operations, Ops.Ms(400)));
    }
}

using System.Globalization;
using System.Text;
using Swarm.Chaos.Histories;

namespace Swarm.Chaos.Reports;

/// <summary>Faults, leaders and calls over one axis of time, as SVG.</summary>
internal static class TimelineDrawing
{
    private const double Width = 1140;
    private const double Left = 90;
    private const double Lane = 18;
    private const double Plot = 240;

    /// <summary>More points than this say no more and make the page slow; every unusual one is drawn.</summary>
    private const int MaxUsualPoints = 6000;

    /// <summary>Of the latency's axis, which is logarithmic, in milliseconds.</summary>
    private const double Fastest = 0.5;
    private const double Slowest = 5000;

    private static readonly string[] LeaderColors = ["#4063d8", "#389826", "#9558b2", "#cb3c33", "#d08700", "#0f8b8d", "#6b7280"];

    public static void Write(StringBuilder page, RunReport report)
    {
        var axis = new Axis(report.End);
        var lanes = Lanes(report);
        var faultsHeight = Math.Max(1, lanes.Count == 0 ? 1 : lanes.Max(l => l.Lane) + 1) * Lane;
        var leadersTop = faultsHeight + 16;
        var plotTop = leadersTop + Lane + 16;
        var height = plotTop + Plot + 24;
        page.Append(Invariant($"<svg viewBox=\"0 0 {Width} {height}\" role=\"img\" aria-label=\"timeline\">\n"));
        Phases(page, report, axis, plotTop + Plot);
        Label(page, 14, "faults");
        foreach (var (fault, lane) in lanes)
        {
            var color = fault.Skipped ? "#c9ced8" : "#e4572e";
            var x = axis.X(fault.Start);
            Bar(page, x, (lane * Lane) + 2, Math.Max(2, axis.X(fault.End) - x), color, $"{fault.Number}. {fault.Kind}: {fault.What}");
            page.Append(Invariant($"<text x=\"{x + 3}\" y=\"{(lane * Lane) + 14}\">{HtmlReport.Text(fault.Kind)}</text>\n"));
        }

        Leaders(page, report, axis, leadersTop);
        Calls(page, report, axis, plotTop);
        page.Append("</svg>\n<p class=\"muted\">Each dot is a call: acknowledged writes blue, reads grey, refused orange, unknown red (at the moment it was called, as high as it took). Hover for more.</p>\n");
    }

    private static void Phases(StringBuilder page, RunReport report, Axis axis, double bottom)
    {
        page.Append(Invariant($"<rect x=\"{axis.X(report.FaultsFrom)}\" y=\"0\" width=\"{axis.X(report.FaultsTo) - axis.X(report.FaultsFrom)}\" height=\"{bottom}\" fill=\"#fdf1ec\"/>\n"));
        page.Append(Invariant($"<rect x=\"{axis.X(report.FaultsTo)}\" y=\"0\" width=\"{axis.X(report.WholeAt) - axis.X(report.FaultsTo)}\" height=\"{bottom}\" fill=\"#fbf7e3\"><title>becoming whole</title></rect>\n"));
        for (var second = 0; second <= report.End.TotalSeconds; second += report.End.TotalSeconds > 40 ? 5 : 1)
        {
            var x = axis.X(TimeSpan.FromSeconds(second));
            page.Append(Invariant($"<line x1=\"{x}\" y1=\"0\" x2=\"{x}\" y2=\"{bottom}\" stroke=\"#e3e6ec\"/><text x=\"{x}\" y=\"{bottom + 16}\" text-anchor=\"middle\">{second} s</text>\n"));
        }
    }

    private static void Leaders(StringBuilder page, RunReport report, Axis axis, double top)
    {
        Label(page, top + 13, "leader");
        var terms = report.Leaders.GroupBy(c => c.Term).Select(g => g.MinBy(c => c.At)!).OrderBy(c => c.At).ToList();
        var nodes = terms.Select(c => c.Node).Distinct().Order(StringComparer.Ordinal).ToList();
        for (var i = 0; i < terms.Count; i++)
        {
            var claim = terms[i];
            var from = Math.Max(Left, axis.X(claim.At));
            var to = i + 1 < terms.Count ? Math.Max(Left, axis.X(terms[i + 1].At)) : axis.X(report.End);
            if (to <= from)
            {
                continue;
            }

            Bar(page, from, top + 2, to - from, LeaderColors[nodes.IndexOf(claim.Node) % LeaderColors.Length], $"{claim.Node} leads term {claim.Term}");
            if (to - from > 44)
            {
                page.Append(Invariant($"<text x=\"{from + 4}\" y=\"{top + 14}\" style=\"fill:#fff\">{HtmlReport.Text(claim.Node)} · {claim.Term}</text>\n"));
            }
        }
    }

    private static void Calls(StringBuilder page, RunReport report, Axis axis, double top)
    {
        Label(page, top + 10, "calls");
        foreach (var tick in (double[])[1, 10, 100, 1000])
        {
            var y = top + Y(tick);
            page.Append(Invariant($"<line x1=\"{Left}\" y1=\"{y}\" x2=\"{Width}\" y2=\"{y}\" stroke=\"#e3e6ec\"/><text x=\"{Left - 6}\" y=\"{y + 4}\" text-anchor=\"end\">{tick} ms</text>\n"));
        }

        var usual = report.Operations.Where(o => o.Outcome == Outcome.Ok).ToList();
        var every = Math.Max(1, (usual.Count + MaxUsualPoints - 1) / MaxUsualPoints);
        var slow = report.Writes.P99;
        foreach (var operation in report.Operations.Where(o => o.Outcome != Outcome.Ok).Concat(usual.Where((o, i) => i % every == 0 || o.Latency >= slow)))
        {
            var color = operation.Outcome switch
            {
                Outcome.Failed => "#e8871e",
                Outcome.Unknown => "#c0262d",
                _ => operation.IsWrite ? "#4063d8" : "#9aa3b2",
            };
            page.Append(Invariant($"<circle cx=\"{axis.X(operation.Invoked):0.0}\" cy=\"{top + Y(operation.Latency.TotalMilliseconds):0.0}\" r=\"1.8\" fill=\"{color}\">"));
            if (operation.Outcome != Outcome.Ok || operation.Latency >= slow)
            {
                page.Append("<title>").Append(HtmlReport.Text($"{operation} {operation.Error}")).Append("</title>");
            }

            page.Append("</circle>\n");
        }
    }

    /// <summary>Faults that stand at the same time lie one above the other.</summary>
    private static List<(Running.FaultEvent Fault, int Lane)> Lanes(RunReport report)
    {
        var ends = new List<TimeSpan>();
        var placed = new List<(Running.FaultEvent, int)>();
        foreach (var fault in report.Faults.OrderBy(f => f.Start))
        {
            var lane = ends.FindIndex(end => end <= fault.Start);
            if (lane < 0)
            {
                lane = ends.Count;
                ends.Add(default);
            }

            ends[lane] = fault.End + TimeSpan.FromMilliseconds(100);
            placed.Add((fault, lane));
        }

        return placed;
    }

    private static void Label(StringBuilder page, double y, string text) => page.Append(Invariant($"<text x=\"0\" y=\"{y}\" font-weight=\"600\">{text}</text>\n"));

    private static void Bar(StringBuilder page, double x, double y, double width, string color, string title) =>
        page.Append(Invariant($"<rect x=\"{x:0.0}\" y=\"{y}\" width=\"{width:0.0}\" height=\"{Lane - 4}\" rx=\"2\" fill=\"{color}\"><title>{HtmlReport.Text(title)}</title></rect>\n"));

    private static double Y(double milliseconds) =>
        Plot * (1 - (Math.Log(Math.Clamp(milliseconds, Fastest, Slowest) / Fastest) / Math.Log(Slowest / Fastest)));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private readonly record struct Axis(TimeSpan End)
    {
        public double X(TimeSpan at) => Left + ((Width - Left) * Math.Clamp(at / End, 0, 1));
    }
}

using System.Globalization;
using System.Text;

namespace Swarm.Benchmarks;

/// <summary>What was measured, beside the target and what Docker 28 took on a machine of this kind.</summary>
public sealed class Figures
{
    private readonly List<(string What, string Docker, string Target, string Measured)> _rows = [];

    /// <param name="samples">One per run; the median is shown, with the least and the most.</param>
    public void Add(string what, string docker, string target, IReadOnlyList<double> samples, string unit)
    {
        var sorted = samples.Order().ToList();
        var text = $"{Number(Median(sorted))} {unit}" + (sorted.Count > 1 ? $" ({Number(sorted[0])}..{Number(sorted[^1])}, {sorted.Count} runs)" : "");
        Console.Error.WriteLine($"{what}: {text}");
        _rows.Add((what, docker, target, text));
    }

    public string ToMarkdown()
    {
        var text = new StringBuilder("| what | Docker 28 | target | measured |\n| --- | --- | --- | --- |\n");
        foreach (var (what, docker, target, measured) in _rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {what} | {docker} | {target} | {measured} |\n");
        }

        return text.ToString();
    }

    private static double Median(List<double> sorted) =>
        sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[(sorted.Count / 2) - 1] + sorted[sorted.Count / 2]) / 2;

    private static string Number(double value) => value.ToString(value < 10 ? "0.00" : "0.0", CultureInfo.InvariantCulture);
}

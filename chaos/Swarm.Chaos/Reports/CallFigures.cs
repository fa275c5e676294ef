using Swarm.Chaos.Histories;

namespace Swarm.Chaos.Reports;

/// <summary>How long the clients waited. Latencies are of acknowledged calls.</summary>
public sealed record CallFigures(int Ok, int Failed, int Unknown, TimeSpan Median, TimeSpan P99, TimeSpan Worst)
{
    public static CallFigures Of(IEnumerable<Operation> operations)
    {
        var all = operations.ToList();
        var latencies = all.Where(o => o.Outcome == Outcome.Ok).Select(o => o.Latency).Order().ToList();
        return new CallFigures(
            latencies.Count,
            all.Count(o => o.Outcome == Outcome.Failed),
            all.Count(o => o.Outcome == Outcome.Unknown),
            Quantile(latencies, 0.5),
            Quantile(latencies, 0.99),
            Quantile(latencies, 1));
    }

    /// <summary>The longest time in which no client had a write acknowledged, up to <paramref name="until"/>.</summary>
    public static TimeSpan LongestGap(IEnumerable<Operation> operations, TimeSpan until)
    {
        var last = (TimeSpan?)null;
        var longest = TimeSpan.Zero;
        foreach (var moment in operations.Where(o => o.IsWrite && o.Outcome == Outcome.Ok).Select(o => o.Completed).Where(m => m < until).Append(until).Order())
        {
            longest = last is { } before && moment - before > longest ? moment - before : longest;
            last = moment;
        }

        return longest;
    }

    /// <summary>By the nearest rank; of nothing zero.</summary>
    private static TimeSpan Quantile(List<TimeSpan> sorted, double share) =>
        sorted.Count == 0 ? TimeSpan.Zero : sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Count) - 1)];
}

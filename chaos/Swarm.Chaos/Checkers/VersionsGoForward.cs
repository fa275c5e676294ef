using Swarm.Chaos.Histories;

namespace Swarm.Chaos.Checkers;

/// <summary>
/// Reads are linearizable, so what was read after another read had ended is never older; and one version of an object is one value.
/// </summary>
public sealed class VersionsGoForward : IChecker
{
    public const string Property = "versions never go backwards";

    public Finding Check(Evidence evidence)
    {
        var reads = evidence.Operations.Where(o => o is { Kind: OperationKind.Read, Outcome: Outcome.Ok, Version: not null }).GroupBy(o => o.Key).ToList();
        var wrong = reads.SelectMany(Backwards).Concat(reads.SelectMany(TwoValues)).ToList();
        return wrong.Count > 0 ? Finding.Violated(Property, "a version was read after a later one, or had two values", wrong)
            : reads.Count == 0 ? Finding.Unknown(Property, "nothing was read")
            : Finding.Held(Property, $"{reads.Sum(r => r.Count())} reads");
    }

    private static IEnumerable<string> Backwards(IEnumerable<Operation> reads)
    {
        var byCall = reads.OrderBy(o => o.Invoked).ToList();
        var byEnd = byCall.OrderBy(o => o.Completed).ToList();
        Operation? newest = null;
        var ended = 0;
        foreach (var read in byCall)
        {
            for (; ended < byEnd.Count && byEnd[ended].Completed < read.Invoked; ended++)
            {
                newest = newest is null || byEnd[ended].Version > newest.Version ? byEnd[ended] : newest;
            }

            if (newest is not null && read.Version < newest.Version)
            {
                yield return $"version {read.Version} ({read}) after version {newest.Version} ({newest})";
            }
        }
    }

    private static IEnumerable<string> TwoValues(IEnumerable<Operation> reads) =>
        reads.GroupBy(o => o.Version).Where(g => g.Select(o => o.Value).Distinct().Count() > 1)
            .Select(g => $"version {g.Key} of {g.First().Key} had the values {string.Join(", ", g.Select(o => o.Value).Distinct())}");
}

using Swarm.Chaos.Histories;

namespace Swarm.Chaos.Checkers;

/// <summary>What was refused for certain never appears, and nothing appears that nobody had asked for by then.</summary>
public sealed class NothingInvented : IChecker
{
    public const string Property = "nothing is invented";

    public Finding Check(Evidence evidence)
    {
        var asked = evidence.Operations.Where(o => o.Kind == OperationKind.Create).ToLookup(o => o.Key);
        var lists = evidence.Operations.Where(o => o is { Kind: OperationKind.List, Outcome: Outcome.Ok, Listed: not null })
            .Select(o => (Who: o.ToString(), End: o.Completed, Listed: o.Listed!))
            .Concat(evidence.FinalLists.Select(l => (Who: $"the last list of {l.Node}", End: TimeSpan.MaxValue, l.Listed)))
            .ToList();
        var wrong = lists.SelectMany(list => list.Listed.Select(o => Wrong(o.Name, asked[o.Name].ToList(), list.End) is { } what ? $"{what}: {list.Who}" : null))
            .OfType<string>().ToList();
        return wrong.Count > 0 ? Finding.Violated(Property, "something is there that should not be", wrong)
            : lists.Count == 0 ? Finding.Unknown(Property, "nothing was listed")
            : Finding.Held(Property, $"{lists.Count} lists, {asked.Sum(g => g.Count(o => o.Outcome == Outcome.Failed))} refused creates absent from all");
    }

    private static string? Wrong(string name, List<Operation> creates, TimeSpan end) =>
        creates.Count == 0 ? $"{name} was never asked for"
        : creates.All(o => o.Outcome == Outcome.Failed) ? $"{name} was refused ({creates[0].Error})"
        : creates.All(o => o.Invoked > end) ? $"{name} was asked for only later"
        : null;
}

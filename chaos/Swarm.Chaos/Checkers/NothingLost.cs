using Swarm.Chaos.Histories;

namespace Swarm.Chaos.Checkers;

/// <summary>What was acknowledged is in every list that was asked for afterwards, under its id, and in the end at every manager exactly once.</summary>
/// <param name="managers">That must have been asked in the end.</param>
public sealed class NothingLost(int managers) : IChecker
{
    public const string Property = "nothing acknowledged is lost";

    public Finding Check(Evidence evidence)
    {
        var created = evidence.Operations.Where(o => o is { Kind: OperationKind.Create, Outcome: Outcome.Ok }).ToList();
        var wrong = evidence.FinalLists.SelectMany(list => Final(list, created)).Concat(Stale(evidence.Operations, created)).ToList();
        return wrong.Count > 0 ? Finding.Violated(Property, "an acknowledged create is missing, changed or doubled", wrong)
            : created.Count == 0 ? Finding.Unknown(Property, "no create was acknowledged")
            : evidence.FinalLists.Count < managers ? Finding.Unknown(Property, $"only {evidence.FinalLists.Count} of {managers} managers could be asked in the end")
            : Finding.Held(Property, $"{created.Count} acknowledged creates, at {evidence.FinalLists.Count} managers");
    }

    private static IEnumerable<string> Final(FinalList list, List<Operation> created)
    {
        var ids = list.Listed.ToLookup(o => o.Name, o => o.Id);
        foreach (var twice in ids.Where(g => g.Count() > 1))
        {
            yield return $"{list.Node} lists {twice.Key} {twice.Count()} times: {string.Join(", ", twice)}";
        }

        foreach (var create in created)
        {
            if (!ids.Contains(create.Key))
            {
                yield return $"{list.Node} does not list {create.Key}: {create}";
            }
            else if (create.Id is not null && !ids[create.Key].Contains(create.Id))
            {
                yield return $"{list.Node} lists {create.Key} as {ids[create.Key].First()}, acknowledged as {create.Id}";
            }
        }
    }

    /// <summary>A list that began after the acknowledgement, or after another list that showed it, must have it.</summary>
    private static IEnumerable<string> Stale(IReadOnlyList<Operation> operations, List<Operation> created)
    {
        var lists = operations.Where(o => o is { Kind: OperationKind.List, Outcome: Outcome.Ok, Listed: not null })
            .Select(o => (Operation: o, Names: o.Listed!.Select(l => l.Name).ToHashSet())).OrderBy(l => l.Operation.Invoked).ToList();
        var known = created.Select(o => (Name: o.Key, Since: o.Completed, Why: "acknowledged"))
            .Concat(lists.SelectMany(l => l.Names.Select(name => (Name: name, Since: l.Operation.Completed, Why: "listed"))))
            .GroupBy(k => k.Name).Select(g => g.MinBy(k => k.Since)).OrderBy(k => k.Since).ToList();
        var due = 0;
        var expected = new List<(string Name, TimeSpan Since, string Why)>();
        foreach (var (list, names) in lists)
        {
            for (; due < known.Count && known[due].Since < list.Invoked; due++)
            {
                expected.Add(known[due]);
            }

            foreach (var missing in expected.Where(e => !names.Contains(e.Name)))
            {
                yield return $"{missing.Name} was {missing.Why} at {missing.Since.TotalSeconds:0.000} s, and a later list has it not: {list}";
            }
        }
    }
}

namespace Swarm.Chaos.Checkers;

/// <summary>Every manager's whole store is the same at the same index.</summary>
public sealed class ReplicasEqual(int managers) : IChecker
{
    public const string Property = "replicas are equal";

    public Finding Check(Evidence evidence)
    {
        var byIndex = evidence.Replicas.GroupBy(r => r.AppliedIndex).OrderByDescending(g => g.Key).ToList();
        var wrong = byIndex.Where(g => g.Select(r => r.Digest).Distinct().Count() > 1)
            .SelectMany(g => g.Select(r => $"{r.Node} at index {r.AppliedIndex}: {r.Digest}")).ToList();
        var together = byIndex.Count == 0 ? 0 : byIndex.Max(g => g.Select(r => r.Node).Distinct().Count());
        return wrong.Count > 0 ? Finding.Violated(Property, "managers hold different stores at one index", wrong)
            : together < managers ? Finding.Unknown(
                Property, $"only {together} of {managers} managers stood at one index", evidence.Replicas.Select(r => $"{r.Node} at index {r.AppliedIndex}"))
            : Finding.Held(Property, $"{together} managers at index {byIndex[0].Key}");
    }
}

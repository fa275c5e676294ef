namespace Swarm.Chaos.Checkers;

/// <summary>A backend sees who really asks, on whatever way the question came.</summary>
public sealed class ClientsKeepTheirAddress : IChecker
{
    public const string Property = "backends see the client's own address";

    public Finding Check(Evidence evidence)
    {
        var answered = evidence.Networks?.Probes.Where(probe => probe is { Answer: not null, Own: not null }).ToList() ?? [];
        var wrong = answered.Where(probe => probe.Answer!.Client != probe.Own).ToList();
        return answered.Count == 0 ? Finding.Unknown(Property, "no backend answered")
            : wrong.Count == 0 ? Finding.Held(Property, $"{answered.Count} answers, through {answered.DistinctBy(probe => probe.Node).Count()} nodes")
            : Finding.Violated(Property, $"{wrong.Count} of {answered.Count} answers", wrong.Select(probe => $"{probe}: asked from {probe.Own}, seen as {probe.Answer!.Client}"));
    }
}

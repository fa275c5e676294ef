using Swarm.Chaos.Histories;

namespace Swarm.Chaos.Checkers;

/// <summary>
/// Whoever is asked for by name, address or port, only backends of that service answer, or of one that it was until just now. At a task's own address it may answer
/// itself for as long as it takes to stop.
/// </summary>
public sealed class BackendsAnswerForThemselves : IChecker
{
    public const string Property = "no backend answers for another service";

    public Finding Check(Evidence evidence)
    {
        if (evidence.Networks is not { } state || state.Probes.Count(probe => probe.Answer is not null) is not (> 0 and var answers))
        {
            return Finding.Unknown(Property, "no backend answered");
        }

        var outdated = new Outdated(evidence.Faults);
        var lives = state.Lives.ToDictionary(life => life.Token);
        var holders = state.Sightings.ToLookup(sighting => sighting.Address);
        var wrong = state.Probes.Where(probe => probe.Answer is not null)
            .Select(probe => (Probe: probe, Why: Wrong(probe, probe.Answer!, lives, holders)))
            .Where(pair => pair.Why is not null)
            .ToLookup(pair => outdated.MayBeLate(pair.Probe.Invoked, pair.Probe.Completed, pair.Probe.Node, pair.Probe.Answer!.Node), pair => $"{pair.Probe}: {pair.Why}");
        var kinds = string.Join(", ", state.Probes.Where(probe => probe.Answer is not null).CountBy(probe => probe.Kind).OrderBy(kind => kind.Key).Select(kind => $"{kind.Value} by {kind.Key.ToString().ToLowerInvariant()}"));
        var summary = $"{answers} answers ({kinds}); {wrong[true].Count()} of nodes that could not know";
        return wrong[false].Any() ? Finding.Violated(Property, $"{wrong[false].Count()} of {summary}", wrong[false]) : Finding.Held(Property, summary);
    }

    private static string? Wrong(Probe probe, ProbeAnswer answer, Dictionary<string, ServiceLife> lives, ILookup<string, AddressSighting> holders)
    {
        var since = probe.Invoked - Outdated.Bound;
        if (lives.GetValueOrDefault(answer.Service) is not { } life)
        {
            return "there was never such a service";
        }

        var isOwn = probe.Kind == ProbeKind.Address && holders[probe.Target].Any(holder => holder.Token == life.Token && !holder.IsVirtual);
        if (!isOwn && !life.MayLive(since, probe.Completed))
        {
            return life.Until is { } end && end < since ? $"that service is gone since {end.TotalSeconds:0.000} s" : "that service was not asked for yet";
        }

        return probe.Kind switch
        {
            ProbeKind.Name or ProbeKind.Tasks when life.Name != probe.Target => $"that service is called {life.Name}",
            ProbeKind.Port when life.Port.ToString(null, null) != probe.Target => $"that service publishes {life.Port}",
            ProbeKind.Address when holders[probe.Target].FirstOrDefault(holder => holder.Holds(since, probe.Completed) && holder.Token != life.Token) is { } other =>
                $"the address is of {other.Token}",
            _ => null,
        };
    }
}

using Swarm.Chaos.Histories;

namespace Swarm.Chaos.Checkers;

/// <summary>A name's answer is of a service that is called so, or was until just now; never an address that another service has had for longer.</summary>
public sealed class NamesLeadHome : IChecker
{
    public const string Property = "no name answers with another service's address";

    public Finding Check(Evidence evidence)
    {
        if (evidence.Networks is not { } state || state.Probes.Count(probe => probe.Addresses is { Count: > 0 }) is not (> 0 and var answers))
        {
            return Finding.Unknown(Property, "no name answered");
        }

        var outdated = new Outdated(evidence.Faults);
        var called = state.Lives.ToLookup(life => life.Name);
        var holders = state.Sightings.ToLookup(sighting => sighting.Address);
        var virtuals = state.Sightings.Where(sighting => sighting.IsVirtual).ToLookup(sighting => sighting.Token, sighting => sighting.Address);
        var (wrong, latest, excused) = (new List<string>(), TimeSpan.Zero, 0);
        foreach (var probe in state.Probes.Where(probe => probe.Addresses is { Count: > 0 }))
        {
            if (Wrong(probe, called[probe.Target], holders, virtuals) is not { } why)
            {
                latest = Latest(probe, called[probe.Target]) is var late && late > latest && !outdated.MayBeLate(probe.Invoked, probe.Completed, probe.Node) ? late : latest;
            }
            else if (outdated.MayBeLate(probe.Invoked, probe.Completed, probe.Node))
            {
                excused++;
            }
            else
            {
                wrong.Add($"{probe}: {why}");
            }
        }

        var summary = $"{answers} answers, an outdated one at most {latest.TotalMilliseconds:0} ms after a removal; {excused} of nodes that could not know";
        return wrong.Count > 0 ? Finding.Violated(Property, $"{wrong.Count} of {summary}", wrong) : Finding.Held(Property, summary);
    }

    private static string? Wrong(Probe probe, IEnumerable<ServiceLife> called, ILookup<string, AddressSighting> holders, ILookup<string, string> virtuals)
    {
        var since = probe.Invoked - Outdated.Bound;
        var entitled = called.Where(life => life.MayLive(since, probe.Completed)).Select(life => life.Token).ToHashSet();
        if (entitled.Count == 0)
        {
            return $"nobody is called so{(called.Max(life => life.Until) is { } end ? $" since {end.TotalSeconds:0.000} s" : "")}";
        }

        // A service's own name is its virtual address, once that has been seen.
        var known = entitled.Where(virtuals.Contains).ToList();
        return probe.Kind == ProbeKind.Name && known.Count == entitled.Count && probe.Addresses!.FirstOrDefault(address => !known.Exists(token => virtuals[token].Contains(address))) is { } foreign
            ? $"{foreign} is not the virtual address of {string.Join(" or ", known.Select(token => $"{token}, which is {string.Join(" ", virtuals[token])}"))}"
            : probe.Addresses!.SelectMany(address => holders[address]).FirstOrDefault(holder => holder.Holds(since, probe.Completed) && !entitled.Contains(holder.Token)) is { } other
                ? $"{other.Address} is of {other.Token}, from {other.First.TotalSeconds:0.000} to {other.Last.TotalSeconds:0.000} s at least"
                : null;
    }

    /// <summary>How long nobody had been called so; zero: somebody may have been.</summary>
    private static TimeSpan Latest(Probe probe, IEnumerable<ServiceLife> called) =>
        called.Any(life => life.MayLive(probe.Invoked, probe.Completed)) ? TimeSpan.Zero
        : called.Where(life => life.Until < probe.Invoked).Max(life => life.Until) is { } end ? probe.Invoked - end : TimeSpan.Zero;
}

using Swarm.Chaos.Running;

namespace Swarm.Chaos.Checkers;

/// <summary>A cluster that nothing happened to has proven nothing.</summary>
internal static class FaultsHappened
{
    public const string Property = "the faults happened";

    public static Finding Check(IReadOnlyList<FaultEvent> events)
    {
        var done = events.Count(e => !e.Skipped && e.Error is null);
        var rest = events.Where(e => e.Skipped || e.Error is not null).Select(e => $"{e.Number}. {e.Kind} {e.What}{(e.Error is null ? "" : ": " + e.Error)}").ToList();
        return done == 0 ? Finding.Unknown(Property, $"none of {events.Count} faults happened as planned", rest)
            : new Finding(Property, Verdict.Held, $"{done} of {events.Count}", [.. rest.Take(Finding.MaxDetails)]);
    }
}

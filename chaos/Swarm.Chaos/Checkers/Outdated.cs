using Swarm.Chaos.Running;

namespace Swarm.Chaos.Checkers;

/// <summary>How long something that is over may still be answered with, and by whom: a node that cannot hear of it goes on with what it knows.</summary>
public sealed class Outdated(IReadOnlyList<FaultEvent> faults)
{
    /// <summary>Of a node in touch. The product's own aim is half of it, on a machine that does nothing else.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);

    /// <summary>Until a node that was out of touch has heard everything: a broken connection is found, and a session begun.</summary>
    public static readonly TimeSpan Return = TimeSpan.FromSeconds(6);

    private readonly List<FaultEvent> _faults = [.. faults.Where(fault => !fault.Skipped || fault.Error is not null)];

    /// <summary>One of the nodes may have been out of touch at a time that counts for an answer between the two.</summary>
    public bool MayBeLate(TimeSpan from, TimeSpan to, params IEnumerable<string> nodes) => _faults.Exists(fault =>
        fault.Start <= to && (fault.Error is not null || fault.End + Return >= from - Bound) && (fault.OutOfTouch is null || nodes.Any(fault.OutOfTouch.Contains)));
}

namespace Swarm.Chaos.Faults;

/// <summary>One way in which a cluster breaks, and how it is mended.</summary>
public interface IFault
{
    /// <summary>As scenarios name it.</summary>
    string Kind { get; }

    /// <summary>Words that a scenario may choose its victims by, the default first; empty: it chooses for itself.</summary>
    IReadOnlyList<string> Targets { get; }

    /// <summary>It stands until it is undone; otherwise it happens and is over.</summary>
    bool Lasts { get; }

    /// <summary>It has a share of packets.</summary>
    bool HasRatio => false;

    /// <summary>The nodes must have disks of their own: `disk` in the scenario's cluster.</summary>
    bool NeedsDisks => false;

    /// <summary>Does it now, or says why not.</summary>
    Task<Injection> InjectAsync(FaultContext context, CancellationToken cancellation);
}

/// <summary>What a fault has done.</summary>
/// <param name="What">In words, as "power of m2 cut".</param>
/// <param name="Undo">Null: nothing is to be undone.</param>
public sealed record Injection(string What, Func<CancellationToken, Task>? Undo)
{
    /// <summary>Nothing was done.</summary>
    public bool Skipped { get; private init; }

    /// <summary>Nodes that meanwhile may hear nothing of what managers decide, or late; null: all.</summary>
    public IReadOnlyList<string>? OutOfTouch { get; init; }

    public static Injection Skip(string reason) => new(reason, null) { Skipped = true };
}

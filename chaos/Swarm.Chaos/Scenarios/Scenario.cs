namespace Swarm.Chaos.Scenarios;

/// <summary>A named story: a cluster, what clients do with it, and what goes wrong meanwhile.</summary>
public sealed record Scenario
{
    /// <summary>As the file is called.</summary>
    public required string Name { get; init; }

    /// <summary>One sentence.</summary>
    public required string Story { get; init; }
    public required ClusterShape Cluster { get; init; }

    /// <summary>Of the faults; the cluster then has <see cref="Converge"/> to become whole.</summary>
    public required TimeSpan Duration { get; init; }
    public required TimeSpan Converge { get; init; }
    public required IReadOnlyList<WorkloadSpec> Workloads { get; init; }
    public required IReadOnlyList<FaultSpec> Faults { get; init; }
}

/// <param name="DiskBytes">Size of each node's own disk; null: the nodes share the machine's.</param>
public sealed record ClusterShape(int Managers, int Workers, long? DiskBytes);

public enum WorkloadKind
{
    Register,
    Set,
    Services,
    Networks,
}

/// <param name="Clients">Each a loop of calls, one after the other, through random managers.</param>
/// <param name="Objects">Registers, or services that are scaled, or services on a network; of a set without meaning.</param>
/// <param name="Replicas">The most that a service is scaled to, or has.</param>
/// <param name="Subnet">Of the services' network, whose addresses a small one uses again sooner; null: the cluster's choice.</param>
public sealed record WorkloadSpec(WorkloadKind Kind, int Clients, int Objects, int Replicas, string? Subnet = null);

/// <summary>One source of faults: again and again, each of its faults after the last one's end.</summary>
public sealed record FaultSpec
{
    /// <summary>As <see cref="Faults.FaultCatalog"/> names it.</summary>
    public required string Kind { get; init; }

    /// <summary>Whom; null: the kind's own choice.</summary>
    public string? Target { get; init; }

    /// <summary>Quiet time before each, the first too.</summary>
    public required Span Every { get; init; }

    /// <summary>How long each lasts.</summary>
    public required Span For { get; init; }

    /// <summary>None begins before.</summary>
    public TimeSpan From { get; init; }

    /// <summary>None begins after; null: the scenario's end.</summary>
    public TimeSpan? Until { get; init; }

    /// <summary>That one that is due happens.</summary>
    public double Chance { get; init; } = 1;

    /// <summary>Of packets that are lost, 0 to 1; only where the kind has such a thing.</summary>
    public double Ratio { get; init; }
}

public readonly record struct Span(TimeSpan Low, TimeSpan High);

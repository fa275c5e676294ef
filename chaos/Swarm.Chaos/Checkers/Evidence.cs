using Swarm.Chaos.Histories;
using Swarm.Chaos.Running;

namespace Swarm.Chaos.Checkers;

/// <summary>Everything that a run has seen, for the checkers to judge.</summary>
public sealed record Evidence
{
    public IReadOnlyList<Operation> Operations { get; init; } = [];

    /// <summary>What each manager listed once all was quiet again.</summary>
    public IReadOnlyList<FinalList> FinalLists { get; init; } = [];
    public IReadOnlyList<LeaderClaim> LeaderClaims { get; init; } = [];

    /// <summary>At one index, when nothing was written any more; empty: the managers never stood at one index.</summary>
    public IReadOnlyList<ReplicaDigest> Replicas { get; init; } = [];
    public ServicesState? Services { get; init; }
    public NetworksState? Networks { get; init; }

    /// <summary>As they really went.</summary>
    public IReadOnlyList<FaultEvent> Faults { get; init; } = [];
}

/// <summary>A manager's whole list of the workload's services after the faults.</summary>
public sealed record FinalList(string Node, IReadOnlyList<ListedObject> Listed);

/// <summary>A manager said of itself that it leads.</summary>
/// <param name="At">Since the run's start.</param>
/// <param name="Ready">It had applied everything of earlier terms and took writes.</param>
public sealed record LeaderClaim(long Term, string LeaderId, string Node, TimeSpan At, bool Ready);

/// <param name="Digest">Of the manager's whole store at that index.</param>
public sealed record ReplicaDigest(string Node, long AppliedIndex, string Digest);

/// <summary>The cluster's services and what really runs, once it had time to settle.</summary>
/// <param name="Removed">Names of services that were removed for certain.</param>
/// <param name="Containers">As the nodes' engines say, not as the cluster believes.</param>
public sealed record ServicesState(
    IReadOnlyList<WantedService> Wanted,
    IReadOnlyList<SeenTask> RunningTasks,
    IReadOnlyList<SeenContainer> Containers,
    IReadOnlyList<string> Removed);

public sealed record WantedService(string Name, string Id, ulong Replicas);

public sealed record SeenTask(string Id, string ServiceId, ulong Slot, string NodeId);

/// <param name="Node">Of the lab.</param>
public sealed record SeenContainer(string Node, string Service, string TaskId);

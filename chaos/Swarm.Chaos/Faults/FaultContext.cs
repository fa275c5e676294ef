using Swarm.Chaos.Running;
using Swarm.Chaos.Scenarios;
using Swarm.Lab.Nodes;
using LabApi = Swarm.Lab.Lab;

namespace Swarm.Chaos.Faults;

/// <summary>What one fault may use while it happens. Of one fault, on one thread at a time.</summary>
public sealed class FaultContext(ClusterAccess cluster, Claims claims, FaultSpec spec, Dice dice)
{
    /// <summary>An undisturbed election takes less than half of it.</summary>
    private static readonly TimeSpan ElectionPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    private readonly List<string> _claimed = [];

    public ClusterAccess Cluster => cluster;

    public LabApi Lab => cluster.Lab;

    public FaultSpec Spec => spec;

    public Dice Dice => dice;

    /// <summary>Nodes that this fault holds.</summary>
    public IReadOnlyList<string> Claimed => _claimed;

    /// <summary>Chooses by the scenario's word and takes the nodes; null if there are none such, or another fault has one of them.</summary>
    public async Task<IReadOnlyList<string>?> ChooseAsync(string otherwise, CancellationToken cancellation)
    {
        var managers = dice.Shuffled(cluster.Managers);
        var chosen = (spec.Target ?? otherwise) switch
        {
            Target.Leader => await LeaderAsync(cancellation) is { } leader ? [leader] : [],
            Target.Follower => await FollowersAsync(managers, cancellation),
            Target.Manager => Free(managers).Take(1),
            Target.Minority => managers.Take(Math.Max(1, (managers.Count - 1) / 2)),
            Target.Majority => managers.Take((managers.Count / 2) + 1),
            Target.Managers => managers,
            Target.Worker => Free(dice.Shuffled(cluster.Workers)).Take(1),
            Target.Node => Free(dice.Shuffled(cluster.Nodes)).Take(1),
            var word => throw new InvalidOperationException($"no target is called {word}"),
        };
        var names = chosen.Where(n => cluster.Lab.Condition(n) == NodeCondition.Running).Order(StringComparer.Ordinal).ToList();
        return names.Count > 0 && TryClaim(names) ? names : null;
    }

    /// <summary>Waits a while if there is none: an election is under way, and whoever wins it is meant.</summary>
    public async Task<string?> LeaderAsync(CancellationToken cancellation)
    {
        var start = cluster.Time.GetTimestamp();
        while (true)
        {
            if (await cluster.LeaderAsync(cancellation) is { } leader)
            {
                return leader;
            }

            if (cluster.Time.GetElapsedTime(start) > ElectionPatience)
            {
                return null;
            }

            await Task.Delay(LookAgain, cluster.Time, cancellation);
        }
    }

    public bool TryClaim(IReadOnlyCollection<string> names)
    {
        if (!claims.TryTake(names))
        {
            return false;
        }

        _claimed.AddRange(names);
        return true;
    }

    public void ReleaseAll() => claims.Release(_claimed);

    /// <summary>All others run and no fault holds them: this one may take what a minority may lose.</summary>
    public bool OthersAreWhole(IReadOnlyCollection<string> but) =>
        cluster.Managers.Except(but).All(m => claims.IsFree(m) && cluster.Lab.Condition(m) == NodeCondition.Running) && claims.IsFree(Claims.Network);

    /// <summary>Who hears late of the cluster when something happens to nodes: they themselves, or everybody if one of them may lead.</summary>
    public IReadOnlyList<string>? LateWith(IReadOnlyList<string> nodes) => nodes.Any(cluster.Managers.Contains) ? null : nodes;

    private IEnumerable<string> Free(IEnumerable<string> names) => names.Where(claims.IsFree);

    private async Task<IEnumerable<string>> FollowersAsync(List<string> managers, CancellationToken cancellation)
    {
        var leader = await LeaderAsync(cancellation);
        return Free(managers).Where(m => m != leader).Take(1);
    }
}

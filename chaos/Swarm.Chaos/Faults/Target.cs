namespace Swarm.Chaos.Faults;

/// <summary>The words that choose a fault's victims, at the moment when it happens.</summary>
public static class Target
{
    public const string Leader = "leader";
    public const string Follower = "follower";

    /// <summary>Any one.</summary>
    public const string Manager = "manager";

    /// <summary>The most managers that may fail while the others go on, the leader perhaps among them; at least one.</summary>
    public const string Minority = "minority";

    /// <summary>The fewest without whom the others cannot go on.</summary>
    public const string Majority = "majority";

    /// <summary>All managers at once.</summary>
    public const string Managers = "managers";
    public const string Worker = "worker";

    /// <summary>A manager or a worker.</summary>
    public const string Node = "node";

    public static readonly IReadOnlyList<string> All = [Manager, Leader, Follower, Minority, Majority, Managers, Worker, Node];

    public static readonly IReadOnlyList<string> OneManager = [Manager, Leader, Follower];
}

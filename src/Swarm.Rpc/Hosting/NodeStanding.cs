namespace Swarm.Rpc.Hosting;

/// <summary>What the cluster's records say of a node that calls, beyond its certificate.</summary>
public enum NodeStanding
{
    /// <summary>Nothing against it.</summary>
    Good,

    /// <summary>It was taken out of the cluster for good.</summary>
    Removed,

    /// <summary>Its certificate says manager, but is from before its demotion.</summary>
    Demoted,
}

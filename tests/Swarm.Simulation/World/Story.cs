namespace Swarm.Simulation.World;

/// <summary>What a simulated cluster is used for.</summary>
public enum Story
{
    /// <summary>Services are created, changed, scaled and removed while nodes and leaders fail.</summary>
    Plain,

    /// <summary>Services also reserve memory, of which there is not always enough, and spread over zones; users rebalance them.</summary>
    Crowded,

    /// <summary>Half of the services are jobs, which are asked for again instead of changed.</summary>
    Jobs,

    /// <summary>Services wait for earlier ones, and are levelled by themselves.</summary>
    Stacks,

    /// <summary>Services are on small networks and publish ports; containers that are no tasks come and go on the same networks.</summary>
    Networks,
}

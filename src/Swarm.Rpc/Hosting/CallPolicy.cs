namespace Swarm.Rpc.Hosting;

/// <summary>Who may make a call.</summary>
internal enum CallPolicy
{
    /// <summary>Anybody who reaches the port.</summary>
    Anybody,

    /// <summary>A machine that is in no cluster yet: what it presents is a join token.</summary>
    Joining,

    /// <summary>Every node of this cluster.</summary>
    Node,

    /// <summary>Managers of this cluster.</summary>
    Manager,
}

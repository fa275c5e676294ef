namespace Swarm.Lab;

/// <summary>Where a node's API listens.</summary>
/// <param name="Address">In the lab's network, which only the nodes see.</param>
/// <param name="DockerHost">From everywhere on this machine.</param>
public sealed record NodeEndpoint(string Node, string Role, string Address, string DockerHost);

/// <summary>A node as a manager sees it, in docker's words.</summary>
/// <param name="Manager">Leader, Reachable, Unreachable, or empty for a worker.</param>
public sealed record NodeView(string Id, string Hostname, string State, string Availability, string Manager);

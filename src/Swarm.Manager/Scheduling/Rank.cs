using Swarm.Model;

namespace Swarm.Manager.Scheduling;

/// <summary>
/// How well a node suits a task, the best least: where such tasks do not keep failing, with the fewest tasks of the service, with the most room for what
/// it reserves, with the fewest tasks in all, and at last by id.
/// </summary>
/// <param name="IsFaulty">Tasks like this one failed there again and again: only if all others are taken.</param>
/// <param name="OfService">Tasks of the service there.</param>
/// <param name="Load">Tenths of the node's CPUs or memory that are reserved, whichever is more; 0 for a task that reserves neither.</param>
/// <param name="Active">Tasks of all services there.</param>
internal readonly record struct Rank(bool IsFaulty, int OfService, int Load, int Active, string NodeId) : IComparable<Rank>
{
    internal static Rank Of(NodeInfo node, SwarmTask task, DateTimeOffset now) => new(
        node.IsFaulty(task, now), node.ActiveOf(task.ServiceId), LoadKind.Of(task.Spec.Reservations).Of(node), node.Active, node.Id);

    public int CompareTo(Rank other) =>
        IsFaulty != other.IsFaulty ? IsFaulty.CompareTo(other.IsFaulty)
        : OfService != other.OfService ? OfService.CompareTo(other.OfService)
        : Load != other.Load ? Load.CompareTo(other.Load)
        : Active != other.Active ? Active.CompareTo(other.Active)
        : string.CompareOrdinal(NodeId, other.NodeId);
}

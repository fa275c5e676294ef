using Swarm.Model;

namespace Swarm.Manager.Scheduling;

/// <summary>Which of a node's resources count when it is asked how much of them is reserved: those that the task reserves itself.</summary>
internal readonly record struct LoadKind(bool Cpus, bool Memory)
{
    internal static LoadKind Of(Resources? reservations) => new(reservations?.NanoCpus > 0, reservations?.MemoryBytes > 0);

    /// <summary>Tenths of the node that are reserved, of CPUs or memory whichever is more; 0 if neither counts.</summary>
    internal int Of(NodeInfo node)
    {
        var capacity = node.Node.Description.Resources;
        return Math.Max(Cpus ? Tenths(node.ReservedNanoCpus, capacity.NanoCpus) : 0, Memory ? Tenths(node.ReservedMemory, capacity.MemoryBytes) : 0);
    }

    private static int Tenths(long reserved, long capacity) => capacity <= 0 ? 10 : (int)(10 * (double)reserved / capacity);
}

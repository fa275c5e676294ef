using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Loops;

/// <summary>The changes of one decision, up to what one transaction may hold. What does not fit is decided again after the commit.</summary>
internal sealed class ChangeBatch(int limit)
{
    internal StoreTransaction Transaction { get; } = new();

    /// <summary>Something did not fit.</summary>
    internal bool Overflowed { get; private set; }

    /// <summary>Changes that still fit.</summary>
    internal int Room => Math.Max(0, limit - Transaction.Count);

    internal bool IsEmpty => Transaction.Count == 0;

    /// <summary>Whether <paramref name="changes"/> that belong together still fit. A first unit always does: its refusal is the store's to say.</summary>
    internal bool HasRoom(int changes)
    {
        if (Transaction.Count + changes <= limit || IsEmpty)
        {
            return true;
        }

        Overflowed = true;
        return false;
    }

    internal bool Create<T>(T record) where T : IStoreObject => HasRoom(1) && Added(Transaction.Create(record));

    internal bool Update<T>(T record) where T : IStoreObject => HasRoom(1) && Added(Transaction.Update(record));

    internal bool Delete(IStoreObject record) => HasRoom(1) && Added(Transaction.Delete(record));

    /// <summary>Both or none.</summary>
    internal bool Replace(SwarmTask old, SwarmTask replacement) => HasRoom(2) && Added(Transaction.Update(old).Create(replacement));

    private static bool Added(StoreTransaction _) => true;
}

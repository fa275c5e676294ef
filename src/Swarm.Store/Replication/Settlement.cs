using Swarm.Model;

namespace Swarm.Store.Replication;

/// <summary>
/// What became of a transaction whose answer was lost. Its effect tells, where it is there; where it is not, the entry may still be on its way, and
/// nothing can be said.
/// </summary>
internal static class Settlement
{
    /// <summary>
    /// Committed, if all that the transaction wrote stands in the view as one entry wrote it, after the versions that it was decided on. (Somebody else
    /// who wrote the very same makes no difference to anybody.) Null: not known. A delete leaves nothing to look at.
    /// </summary>
    internal static CommitResult? Find(StoreView view, LogTransaction transaction)
    {
        var index = 0L;
        foreach (var change in transaction.Changes)
        {
            if (change.Kind == ChangeKind.Delete
                || view.Find(change.Table, change.Id) is not { } found
                || found.Meta.Version <= change.ReadVersion
                || (index != 0 && found.Meta.Version != index)
                || !Records.Encode(found).AsSpan().SequenceEqual(change.Body))
            {
                return null;
            }

            index = found.Meta.Version;
        }

        return index == 0 ? null : new CommitResult(CommitStatus.Committed, index, null);
    }
}

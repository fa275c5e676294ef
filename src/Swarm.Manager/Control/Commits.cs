using Swarm.Store;

namespace Swarm.Manager.Control;

/// <summary>Read, decide, commit: again while somebody else's commit came between, a bounded number of times.</summary>
internal static class Commits
{
    /// <summary>Tries before the caller is told that the object is too busy.</summary>
    internal const int MaxAttempts = 16;

    /// <param name="decide">From a view to a transaction and what the caller wants back; refuses with <see cref="ControlException"/>. May run more than once.</param>
    /// <param name="nameTaken">The refusal when another object has the name.</param>
    /// <param name="looksElsewhere">
    /// False if the decision rests on nothing but the objects that it writes and their names, which are checked again when the entry is applied: then it is
    /// first tried on what this manager knows already, and the commit itself proves that to be so. A refusal is proven before it is told.
    /// </param>
    /// <exception cref="ControlException">Refused, or not known to be done.</exception>
    /// <exception cref="NoLeaderException">Nobody leads.</exception>
    internal static async Task<T> CommitAsync<T>(
        this IObjectStore store,
        Func<StoreView, (StoreTransaction Transaction, T Answer)> decide,
        Func<ControlException>? nameTaken,
        CancellationToken cancellation,
        bool looksElsewhere = true)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            // Where nobody is known to lead, a read finds out sooner than a write whether that is so.
            var proven = looksElsewhere || attempt > 0 || store.Leadership.LeaderId is null;
            var view = proven ? await store.ReadAsync(cancellation).ConfigureAwait(false) : store.View;
            StoreTransaction transaction;
            T answer;
            try
            {
                (transaction, answer) = decide(view);
            }
            catch (ControlException) when (!proven)
            {
                continue;
            }

            if (transaction.Count == 0)
            {
                if (proven)
                {
                    return answer;
                }

                continue;
            }

            var result = await store.CommitAsync(transaction, cancellation).ConfigureAwait(false);
            switch (result.Status)
            {
                case CommitStatus.Committed:
                    return answer;
                case CommitStatus.Conflict or CommitStatus.Exists:
                    continue;
                case CommitStatus.NameTaken when nameTaken is not null:
                    throw nameTaken();
                case CommitStatus.NoLeader:
                    throw new NoLeaderException();
                case CommitStatus.TooLarge:
                    throw new ControlException(500, "rpc error: code = ResourceExhausted desc = the object is too large for the cluster's log");
                default:
                    throw ControlException.Unknown("the leader changed while this was written: it may or may not have been done. Look before you try again");
            }
        }

        throw ControlException.Unknown($"update out of sequence: the object changed {MaxAttempts} times while this was tried. Try again");
    }

    /// <summary>The version that the client decided on must still be the object's.</summary>
    internal static void EnsureVersion(long current, long version)
    {
        if (current != version)
        {
            throw ControlException.Unknown("update out of sequence");
        }
    }
}

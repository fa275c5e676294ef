using Swarm.Model;
using Swarm.Rpc.Clients;
using Swarm.Store;

namespace Swarm.Manager.Membership;

/// <summary>Every manager's loop that carries the managers' addresses from the store to the address book, by which they are dialled.</summary>
public sealed class ManagerAddressSync(IObjectStore store, PeerAddressBook book)
{
    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            using var watch = store.Watch();
            // Only what is missing: a peer that called meanwhile knows its address better than a store that has yet to catch up.
            foreach (var node in watch.Start.Nodes)
            {
                if (node.Manager is { } manager && book.Find(node.Id) is null)
                {
                    book.Set(node.Id, manager.Address);
                }
            }

            try
            {
                await foreach (var commit in watch.Commits.ReadAllAsync(cancellation).ConfigureAwait(false))
                {
                    foreach (var change in commit.Changes.Where(change => change.Table == TableKind.Node))
                    {
                        Take((Node?)change.Old, (Node?)change.New);
                    }
                }
            }
            catch (WatchLaggedException)
            {
                // Start over from a new view.
            }
        }
    }

    private void Take(Node? old, Node? @new)
    {
        if (@new?.Manager is { } manager)
        {
            if (old?.Manager?.Address != manager.Address)
            {
                book.Set(@new.Id, manager.Address);
            }
        }
        else if (old?.Manager is not null)
        {
            book.Remove(old.Id);
        }
    }
}

using Swarm.Security;
using Swarm.Store;

namespace Swarm.Daemon;

/// <summary>A manager's loop that locks this node's keys as the cluster's record says: under its unlock key, or not at all.</summary>
internal static class LockLoop
{
    /// <summary>Runs until cancelled.</summary>
    internal static async Task RunAsync(IObjectStore store, NodeKeyRing keys, CancellationToken cancellation)
    {
        while (true)
        {
            using var watch = store.Watch();
            Follow(watch.Start, keys);
            try
            {
                while (true)
                {
                    Follow((await watch.Commits.ReadAsync(cancellation)).View, keys);
                }
            }
            catch (WatchLaggedException)
            {
                // Start over from a new view.
            }
        }
    }

    /// <summary>What one view of the store wants. A replica without the cluster's record knows nothing yet.</summary>
    /// <exception cref="IOException">Not durable; to be tried again.</exception>
    internal static void Follow(StoreView view, NodeKeyRing keys)
    {
        if (view.Cluster is { } cluster)
        {
            keys.Follow(cluster.Lock is { } wanted
                ? UnlockKey.TryParse(wanted.Key, out var key) ? key : throw new InvalidDataException("the cluster's unlock key is none")
                : null);
        }
    }
}

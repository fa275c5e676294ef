using Swarm.Security;
using Swarm.Store;

namespace Swarm.Daemon;

/// <summary>
/// A manager's loop that locks this node's keys as the cluster's record says: under its unlock key, or not at all. A data key that lay open is replaced.
/// </summary>
internal static class LockLoop
{
    /// <summary>Runs until cancelled.</summary>
    /// <param name="rewrap">Brings every file of the log under these data keys.</param>
    internal static async Task RunAsync(
        IObjectStore store, NodeKeyRing keys, Func<IReadOnlyList<ReadOnlyMemory<byte>>, CancellationToken, Task> rewrap, CancellationToken cancellation)
    {
        while (true)
        {
            using var watch = store.Watch();
            var view = watch.Start;
            try
            {
                while (true)
                {
                    Follow(view, keys);
                    await RewrapAsync(keys.DataKeys, rewrap, cancellation);
                    view = (await watch.Commits.ReadAsync(cancellation)).View;
                }
            }
            catch (WatchLaggedException)
            {
                // Start over from a new view.
            }
        }
    }

    private static async Task RewrapAsync(DataKeyFile dataKeys, Func<IReadOnlyList<ReadOnlyMemory<byte>>, CancellationToken, Task> rewrap, CancellationToken cancellation)
    {
        // Also what a crash has interrupted: until the files are under the first key, the others are kept.
        if (dataKeys.HasOldKeys)
        {
            var first = dataKeys.Use()[0];
            await rewrap([first], cancellation);
            dataKeys.ForgetOldKeys(first);
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

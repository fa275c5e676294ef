using Swarm.Rpc;
using Swarm.Store;

namespace Swarm.Manager.Membership;

/// <summary>What the store could not do, as the calling node is told.</summary>
internal static class StoreFaults
{
    /// <exception cref="RpcFault"><see cref="RpcStatus.Unavailable"/>: no leader.</exception>
    internal static async ValueTask<StoreView> ReadAsync(IObjectStore store, CancellationToken cancellation)
    {
        try
        {
            return await store.ReadAsync(cancellation).ConfigureAwait(false);
        }
        catch (NoLeaderException none)
        {
            throw new RpcFault(RpcStatus.Unavailable, none.Message);
        }
    }

    internal static RpcFault Of(CommitResult commit, string what) =>
        new(RpcStatus.Unavailable, $"{what}: {(commit.Status == CommitStatus.NoLeader ? new NoLeaderException().Message : "the store answered " + commit.Status)}");
}

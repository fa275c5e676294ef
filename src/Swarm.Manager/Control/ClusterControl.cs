using Swarm.Manager.Certificates;
using Swarm.Model;
using Swarm.Security;
using Swarm.Store;

namespace Swarm.Manager.Control;

/// <summary>What an update of the cluster makes anew.</summary>
public readonly record struct ClusterRotations(bool WorkerToken, bool ManagerToken, bool UnlockKey);

/// <summary>What users do to the cluster's own record.</summary>
/// <param name="newToken">A new join token for a root certificate's digest (sha256:hex).</param>
public sealed class ClusterControl(IObjectStore store, Func<string, string> newToken, RootChange roots)
{
    private static readonly TimeSpan MinCertificateExpiry = TimeSpan.FromHours(1);

    /// <param name="version">The cluster's version that the user decided on.</param>
    /// <exception cref="ControlException">Refused.</exception>
    public async Task UpdateAsync(long version, ClusterSpec spec, BroughtRoot brought, ClusterRotations rotations, CancellationToken cancellation)
    {
        Check(spec);
        var present = ClusterOf(await store.ReadAsync(cancellation).ConfigureAwait(false));
        Commits.EnsureVersion(present.Meta.Version, version);
        // Outside the commit: it may ask an authority outside. The commit is of the very version that this was decided on.
        var decided = await roots.DecideAsync(present.RootCa, spec, brought, cancellation).ConfigureAwait(false);
        await store.CommitAsync(
            view =>
            {
                var cluster = ClusterOf(view);
                Commits.EnsureVersion(cluster.Meta.Version, version);
                var updated = cluster with
                {
                    Spec = spec,
                    RootCa = decided with
                    {
                        WorkerJoinToken = rotations.WorkerToken ? newToken(decided.Digest) : decided.WorkerJoinToken,
                        ManagerJoinToken = rotations.ManagerToken ? newToken(decided.Digest) : decided.ManagerJoinToken,
                    },
                    Lock = !spec.AutoLockManagers ? null
                        : cluster.Lock is null || rotations.UnlockKey ? new ManagerLock { Key = UnlockKey.Generate().Reveal() }
                        : cluster.Lock,
                };
                return (new StoreTransaction().Update(updated), updated);
            },
            nameTaken: null,
            cancellation).ConfigureAwait(false);
    }

    /// <summary>SWMKEY-1-..., or empty while managers do not lock themselves.</summary>
    public async Task<string> UnlockKeyAsync(CancellationToken cancellation) =>
        ClusterOf(await store.ReadAsync(cancellation).ConfigureAwait(false)).Lock?.Key ?? "";

    /// <exception cref="ControlException">The spec can not be had.</exception>
    public static void Check(ClusterSpec spec)
    {
        if (spec.Annotations.Name != "default")
        {
            throw new ControlException(400, "swarm spec must be named \"default\"");
        }

        if (spec.NodeCertExpiry < MinCertificateExpiry)
        {
            throw ControlException.Invalid("minimum certificate expiry time is: 1h0m0s");
        }

        if (spec.HeartbeatPeriod < TimeSpan.Zero)
        {
            throw ControlException.Invalid("heartbeat time period cannot be a negative duration");
        }
    }

    private static Cluster ClusterOf(StoreView view) =>
        view.Cluster ?? throw ControlException.NotFound("there is no cluster record yet: the swarm is being initialized. Try again");
}

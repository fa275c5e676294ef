using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Control;

/// <summary>What users do to the cluster's own record.</summary>
/// <param name="newToken">A new join token for a root certificate's digest (sha256:hex).</param>
public sealed class ClusterControl(IObjectStore store, Func<string, string> newToken)
{
    private static readonly TimeSpan MinCertificateExpiry = TimeSpan.FromHours(1);

    /// <param name="version">The cluster's version that the user decided on.</param>
    /// <exception cref="ControlException">Refused.</exception>
    public Task UpdateAsync(long version, ClusterSpec spec, bool rotateWorkerToken, bool rotateManagerToken, CancellationToken cancellation)
    {
        Check(spec);
        return store.CommitAsync(
            view =>
            {
                var cluster = view.Cluster ?? throw ControlException.NotFound("there is no cluster record yet: the swarm is being initialized. Try again");
                Commits.EnsureVersion(cluster.Meta.Version, version);
                var root = cluster.RootCa;
                var updated = cluster with
                {
                    Spec = spec,
                    RootCa = root with
                    {
                        WorkerJoinToken = rotateWorkerToken ? newToken(root.Digest) : root.WorkerJoinToken,
                        ManagerJoinToken = rotateManagerToken ? newToken(root.Digest) : root.ManagerJoinToken,
                    },
                };
                return (new StoreTransaction().Update(updated), updated);
            },
            nameTaken: null,
            cancellation);
    }

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

        if (spec.AutoLockManagers)
        {
            throw ControlException.NotBuilt("autolock is not built in this version: leave --autolock out");
        }
    }
}

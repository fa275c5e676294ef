using Microsoft.Extensions.Logging;
using Swarm.Model;
using Swarm.Security;
using Swarm.Store;

namespace Swarm.Manager.Certificates;

/// <summary>
/// The leader's loop that ends a change of the root once every node of the cluster holds a certificate of the new one. All it knows is in the store, so
/// the next leader goes on where the last one stopped.
/// </summary>
public sealed class RootRotationLoop(IObjectStore store, TimeProvider time, ILogger<RootRotationLoop> log)
{
    /// <summary>Before a commit that was not taken is tried again.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Runs while this node leads: until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            using var watch = store.Watch();
            var view = watch.Start;
            try
            {
                while (true)
                {
                    while (!await TryFinishAsync(view, cancellation).ConfigureAwait(false))
                    {
                        await Task.Delay(Pause, time, cancellation).ConfigureAwait(false);
                        view = store.View;
                    }

                    view = (await watch.Commits.ReadAsync(cancellation).ConfigureAwait(false)).View;
                    while (watch.Commits.TryRead(out var commit))
                    {
                        view = commit.View;
                    }
                }
            }
            catch (WatchLaggedException)
            {
                // Start over from a new view.
            }
        }
    }

    /// <summary>False: it is time, but the commit was not taken.</summary>
    private async Task<bool> TryFinishAsync(StoreView view, CancellationToken cancellation)
    {
        while (view.Cluster is { RootCa.Rotation: { } rotation } cluster && Waiting(view, rotation) is null)
        {
            var root = cluster.RootCa with
            {
                Certificate = rotation.Certificate,
                Key = rotation.Key,
                Digest = rotation.Digest,
                WorkerJoinToken = JoinToken.Generate(rotation.Digest).Reveal(),
                ManagerJoinToken = JoinToken.Generate(rotation.Digest).Reveal(),
                Rotation = null,
            };
            var commit = await store.CommitAsync(new StoreTransaction().Update(cluster with { RootCa = root }), cancellation).ConfigureAwait(false);
            if (commit.IsCommitted)
            {
                log.RootChanged(rotation.Digest);
                return true;
            }

            if (commit.Status != CommitStatus.Conflict)
            {
                return false;
            }

            view = store.View;
        }

        return true;
    }

    /// <summary>A node that does not say yet that its certificate is of the new root; null: there is none.</summary>
    internal static Node? Waiting(StoreView view, RootRotation rotation)
    {
        using var root = RootCertificate.Parse(rotation.Certificate);
        var (subject, key) = (root.Subject, root.PublicKey);
        return view.Nodes.FirstOrDefault(node =>
            !node.Description.CertIssuerSubject.AsSpan().SequenceEqual(subject) || !node.Description.CertIssuerPublicKey.AsSpan().SequenceEqual(key));
    }
}

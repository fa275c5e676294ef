using Swarm.Model;
using Swarm.Security;

namespace Swarm.Manager.Certificates;

/// <summary>What the cluster's record says of its roots: one, or while they change the old and the new one.</summary>
public static class ClusterRoots
{
    /// <summary>PEM of every root that nodes trust.</summary>
    internal static string Trusted(RootCa root) => root.Rotation is { } rotation ? root.Certificate + rotation.Certificate : root.Certificate;

    /// <summary>sha256:... of the root that certificates are issued by.</summary>
    internal static string IssuingDigest(RootCa root) => root.Rotation?.Digest ?? root.Digest;

    /// <summary>PEM of the root that certificates are issued by.</summary>
    public static string Issuing(RootCa root) => root.Rotation?.Certificate ?? root.Certificate;

    /// <summary>The authorities outside that sign for a root.</summary>
    internal static IEnumerable<ExternalCa> ExternalFor(ClusterSpec spec, RootCa root, string digest) => spec.ExternalCas.Where(external =>
    {
        if (external.Certificate.Length == 0)
        {
            return digest == root.Digest;
        }

        using var certificate = RootCertificate.Parse(external.Certificate);
        return certificate.Digest == digest;
    });
}

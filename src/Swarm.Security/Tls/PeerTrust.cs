using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace Swarm.Security;

/// <summary>Trust in the cluster's roots and in nothing else: the machine's own certificate store is never asked.</summary>
internal static class PeerTrust
{
    /// <summary>The chain policy of every handshake, at the given time.</summary>
    internal static X509ChainPolicy Policy(ImmutableArray<RootCertificate> roots, DateTimeOffset now)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            VerificationTimeIgnored = false,
            VerificationTime = now.UtcDateTime,
        };
        foreach (var root in roots)
        {
            policy.CustomTrustStore.Add(root.Certificate);
        }

        return policy;
    }

    /// <summary>
    /// Whether a chain leads from the certificate to one of the roots, whatever the time: an expired certificate still identifies its own node.
    /// </summary>
    internal static bool LeadsTo(TrustRoots trust, X509Certificate2 certificate, X509Certificate2Collection intermediates)
    {
        // The chain is valid from its youngest link on, which may be the root: it is younger than the hour by which the certificate is backdated
        // where the user brought it.
        var start = intermediates.Select(one => one.NotBefore).Append(certificate.NotBefore).Max();
        return LeadsTo(trust, certificate, intermediates, start)
            || LeadsTo(trust, certificate, intermediates, trust.Roots.Select(root => root.Certificate.NotBefore).Append(start).Max());
    }

    private static bool LeadsTo(TrustRoots trust, X509Certificate2 certificate, X509Certificate2Collection intermediates, DateTime at)
    {
        using var chain = new X509Chain { ChainPolicy = Policy(trust.Roots, new DateTimeOffset(at)) };
        chain.ChainPolicy.ExtraStore.AddRange(intermediates);
        return chain.Build(certificate);
    }
}

using System.Security.Cryptography.X509Certificates;

namespace Swarm.Security;

/// <summary>Trust in the cluster's root and in nothing else: the machine's own certificate store is never asked.</summary>
internal static class PeerTrust
{
    /// <summary>The chain policy of every handshake, at the given time.</summary>
    internal static X509ChainPolicy Policy(RootCertificate root, DateTimeOffset now)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            VerificationTimeIgnored = false,
            VerificationTime = now.UtcDateTime,
        };
        policy.CustomTrustStore.Add(root.Certificate);
        return policy;
    }

    /// <summary>Whether the root signed the certificate, whatever the time: an expired certificate still identifies its own node.</summary>
    internal static bool IsIssuedBy(RootCertificate root, X509Certificate2 certificate)
    {
        using var chain = new X509Chain { ChainPolicy = Policy(root, new DateTimeOffset(certificate.NotBefore)) };
        return chain.Build(certificate);
    }
}

using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Swarm.Model;

namespace Swarm.Security;

/// <summary>
/// TLS between nodes: 1.2 or newer, HTTP/2, both sides known by certificates of the cluster's root. Options are made for each handshake,
/// so that a renewed certificate is used without a restart. Resumption is off: a resumed session would carry on an older identity.
/// </summary>
public static class PeerTls
{
    private const SslProtocols Protocols = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>
    /// The listening side. A caller without a certificate passes the handshake, for a machine that has yet to join; what it may call is decided
    /// per call. A certificate that is not the root's, or is expired, or names another cluster, fails the handshake.
    /// </summary>
    public static SslServerAuthenticationOptions Server(NodeCertificate own, TimeProvider time) => new()
    {
        ServerCertificateContext = own.Context,
        ClientCertificateRequired = true,
        EnabledSslProtocols = Protocols,
        AllowRenegotiation = false,
        AllowTlsResume = false,
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        CertificateChainPolicy = PeerTrust.Policy(own.Trust.Roots, time.GetUtcNow()),
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
            certificate is null ? errors == SslPolicyErrors.RemoteCertificateNotAvailable : errors == SslPolicyErrors.None && IsOfCluster(certificate, own),
    };

    /// <summary>The calling side: the peer must be a manager of our cluster.</summary>
    public static SslClientAuthenticationOptions Client(NodeCertificate own, TimeProvider time) => Client(own, time, static peer => peer.Role == NodeRole.Manager);

    /// <summary>The calling side, for what only one node can answer, whatever its role.</summary>
    public static SslClientAuthenticationOptions ClientOf(string nodeId, NodeCertificate own, TimeProvider time) => Client(own, time, peer => peer.NodeId == nodeId);

    /// <summary>
    /// A machine that joins, which has no certificate yet. With a root, the peer must be one of that root's managers; without, nothing is checked:
    /// only for fetching the root, whose digest the join token holds.
    /// </summary>
    public static SslClientAuthenticationOptions Joining(RootCertificate? root, TimeProvider time)
    {
        var options = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = Protocols,
            AllowRenegotiation = false,
            AllowTlsResume = false,
            ApplicationProtocols = [SslApplicationProtocol.Http2],
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        };
        if (root is null)
        {
            options.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null;
            return options;
        }

        options.CertificateChainPolicy = PeerTrust.Policy([root], time.GetUtcNow());
        options.RemoteCertificateValidationCallback = static (_, certificate, _, errors) =>
            (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None
            && certificate is X509Certificate2 peer && NodeIdentity.TryRead(peer, out var identity) && identity.Role == NodeRole.Manager;
        return options;
    }

    private static bool IsOfCluster(X509Certificate certificate, NodeCertificate own) =>
        certificate is X509Certificate2 peer && NodeIdentity.TryRead(peer, out var identity) && identity.ClusterId == own.Identity.ClusterId;

    private static SslClientAuthenticationOptions Client(NodeCertificate own, TimeProvider time, Func<NodeIdentity, bool> isWanted) => new()
    {
        ClientCertificateContext = own.Context,
        EnabledSslProtocols = Protocols,
        AllowRenegotiation = false,
        AllowTlsResume = false,
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        CertificateChainPolicy = PeerTrust.Policy(own.Trust.Roots, time.GetUtcNow()),
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
            // The name is not the address: the certificate's own identity is checked instead.
            certificate is X509Certificate2 peer && (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None
            && NodeIdentity.TryRead(peer, out var identity) && identity.ClusterId == own.Identity.ClusterId && isWanted(identity),
    };
}

using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Swarm.Security;

/// <summary>One certificate of this node with its key, and the root that issued it: immutable, swapped whole on renewal.</summary>
public sealed class NodeCertificate
{
    private NodeCertificate(X509Certificate2 certificate, RootCertificate root, NodeIdentity identity)
    {
        Certificate = certificate;
        Root = root;
        Identity = identity;
        // Offline: a peer's chain is this certificate and a root that both sides have, so nothing is ever to be fetched.
        Context = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
    }

    public NodeIdentity Identity { get; }

    public RootCertificate Root { get; }

    public X509Certificate2 Certificate { get; }

    public SslStreamCertificateContext Context { get; }

    public DateTimeOffset NotBefore => new(Certificate.NotBefore);

    public DateTimeOffset NotAfter => new(Certificate.NotAfter);

    /// <exception cref="CryptographicException">The key is not the certificate's, the root did not issue it, or it names no node.</exception>
    public static NodeCertificate Create(string certificatePem, string keyPem, string rootPem)
    {
        var root = RootCertificate.Parse(rootPem);
        X509Certificate2 certificate;
        try
        {
            certificate = X509Certificate2.CreateFromPem(certificatePem, keyPem);
        }
        catch (ArgumentException failure)
        {
            throw new CryptographicException("the key is not the certificate's", failure);
        }

        if (!PeerTrust.IsIssuedBy(root, certificate))
        {
            throw new CryptographicException("the node's certificate was not issued by the cluster's root");
        }

        return NodeIdentity.TryRead(certificate, out var identity)
            ? new NodeCertificate(certificate, root, identity)
            : throw new CryptographicException("the node's certificate names no node, role and cluster");
    }

    public override string ToString() => $"NodeCertificate {{ {Identity}, until {NotAfter:O} }}";
}

using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Swarm.Security;

/// <summary>
/// One certificate of this node with its key, the certificates that lead from it to an older root, and the roots that the node trusts: immutable,
/// swapped whole on renewal.
/// </summary>
public sealed class NodeCertificate
{
    /// <summary>Certificates between a node's and a root: one, while roots change.</summary>
    private const int MaxIntermediates = 4;

    private readonly X509Certificate2Collection _intermediates;

    private NodeCertificate(X509Certificate2 certificate, X509Certificate2Collection intermediates, TrustRoots trust, NodeIdentity identity)
    {
        Certificate = certificate;
        _intermediates = intermediates;
        Trust = trust;
        Identity = identity;
        Issuer = trust.IssuerOf(certificate);
        StoreIndex = StoreIndexName.Read(certificate);
        // Offline: a peer's chain is what is sent and a root that both sides have, so nothing is ever to be fetched.
        Context = SslStreamCertificateContext.Create(certificate, intermediates, offline: true);
    }

    public NodeIdentity Identity { get; }

    public TrustRoots Trust { get; }

    /// <summary>The trusted root that signed it; null if it only leads to one by a cross-signed intermediate.</summary>
    public RootCertificate? Issuer { get; }

    /// <summary>DER, SubjectPublicKeyInfo, of who signed it, root or intermediate; empty if that is not at hand.</summary>
    public byte[] IssuerPublicKey => Issuer?.PublicKey ?? _intermediates.FirstOrDefault()?.PublicKey.ExportSubjectPublicKeyInfo() ?? [];

    /// <inheritdoc cref="StoreIndexName"/>
    public long StoreIndex { get; }

    public X509Certificate2 Certificate { get; }

    public SslStreamCertificateContext Context { get; }

    public DateTimeOffset NotBefore => new(Certificate.NotBefore);

    public DateTimeOffset NotAfter => new(Certificate.NotAfter);

    /// <summary>The certificate and its intermediates, as it was issued.</summary>
    internal string Pem => string.Concat(_intermediates.Prepend(Certificate).Select(one => one.ExportCertificatePem() + "\n"));

    /// <param name="certificatePem">The node's certificate, then any intermediates.</param>
    /// <param name="rootPem">The roots to trust.</param>
    /// <exception cref="CryptographicException">The key is not the certificate's, no root issued it, or it names no node.</exception>
    public static NodeCertificate Create(string certificatePem, string keyPem, string rootPem)
    {
        var trust = TrustRoots.Parse(rootPem);
        var chain = PemCertificates.Read(certificatePem);
        if (chain.Length is 0 or > MaxIntermediates + 1)
        {
            throw new CryptographicException($"a certificate and at most {MaxIntermediates} intermediates are expected, not {chain.Length} certificates");
        }

        X509Certificate2 certificate;
        try
        {
            certificate = X509Certificate2.CreateFromPem(chain[0], keyPem);
        }
        catch (ArgumentException failure)
        {
            throw new CryptographicException("the key is not the certificate's", failure);
        }

        X509Certificate2Collection intermediates = [.. chain.Skip(1).Select(pem => X509Certificate2.CreateFromPem(pem))];
        if (!PeerTrust.LeadsTo(trust, certificate, intermediates))
        {
            throw new CryptographicException("the node's certificate was not issued by the cluster's root");
        }

        return NodeIdentity.TryRead(certificate, out var identity)
            ? new NodeCertificate(certificate, intermediates, trust, identity)
            : throw new CryptographicException("the node's certificate names no node, role and cluster");
    }

    public override string ToString() => $"NodeCertificate {{ {Identity}, until {NotAfter:O} }}";

    /// <summary>PKCS#8 DER.</summary>
    internal byte[] ExportKey()
    {
        using var key = Certificate.GetECDsaPrivateKey() ?? throw new InvalidOperationException("the node's certificate has no key");
        return key.ExportPkcs8PrivateKey();
    }
}

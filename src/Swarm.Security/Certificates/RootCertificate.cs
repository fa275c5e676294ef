using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Swarm.Security;

/// <summary>
/// The cluster's certificate authority: ECDSA P-256, self-signed, 20 years, named swarm-ca. With its key it issues node certificates;
/// without (on workers) it is what every peer is checked against.
/// </summary>
public sealed class RootCertificate : IDisposable
{
    /// <summary>Shortest lifetime a node certificate is issued for (Docker's own lower bound).</summary>
    public static readonly TimeSpan MinNodeLifetime = TimeSpan.FromHours(1);

    /// <summary>How far certificates reach back, for nodes whose clocks are behind.</summary>
    public static readonly TimeSpan Backdate = TimeSpan.FromHours(1);

    private const int ValidYears = 20;
    private const int SerialBytes = 16;
    private const int NodeIdBytes = 16;

    private static readonly OidCollection NodeUsages =
    [
        new Oid("1.3.6.1.5.5.7.3.1"), // serverAuth, RFC 5280 4.2.1.12
        new Oid("1.3.6.1.5.5.7.3.2"), // clientAuth
    ];

    private RootCertificate(X509Certificate2 certificate)
    {
        Certificate = certificate;
        Pem = certificate.ExportCertificatePem() + "\n";
        Digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(certificate.RawData));
    }

    public X509Certificate2 Certificate { get; }

    public string Pem { get; }

    /// <summary>sha256:hex of the certificate's DER.</summary>
    public string Digest { get; }

    public bool CanIssue => Certificate.HasPrivateKey;

    public static RootCertificate Create(TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName("swarm-ca");
        var request = new CertificateRequest(name.Build(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var now = time.GetUtcNow();
        return new RootCertificate(request.CreateSelfSigned(now - Backdate, now.AddYears(ValidYears)));
    }

    /// <summary>The first certificate of a PEM text, with its key (PKCS#8 PEM) where one is given.</summary>
    /// <exception cref="CryptographicException">No certificate authority is in the text, or the key is not its key.</exception>
    public static RootCertificate Parse(string certificatePem, string? keyPem = null)
    {
        var certificate = string.IsNullOrEmpty(keyPem)
            ? X509Certificate2.CreateFromPem(certificatePem)
            : X509Certificate2.CreateFromPem(certificatePem, keyPem);
        if (certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(basic => basic.CertificateAuthority))
        {
            return new RootCertificate(certificate);
        }

        certificate.Dispose();
        throw new CryptographicException("the certificate is no certificate authority");
    }

    /// <summary>PKCS#8 PEM of the key, for the cluster's record: managers only.</summary>
    public string ExportKeyPem()
    {
        using var key = Certificate.GetECDsaPrivateKey() ?? throw new InvalidOperationException("this root has no key");
        return key.ExportPkcs8PrivateKeyPem();
    }

    /// <summary>
    /// Issues a node's certificate (PEM) for the key in <paramref name="requestPem"/>, a PKCS#10 request whose signature proves that the node has the key.
    /// Subject and names come from <paramref name="identity"/>, never from the request.
    /// </summary>
    /// <exception cref="CryptographicException">The request is malformed, its signature is wrong, or its key is not ECDSA P-256 or stronger.</exception>
    public string IssueNodeCertificate(string requestPem, NodeIdentity identity, TimeSpan lifetime, TimeProvider time)
    {
        using var subjectKey = ReadKey(requestPem);
        var request = new CertificateRequest(identity.ToSubject(), subjectKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(identity.NodeId);
        names.AddDnsName(NodeIdentity.UnitOf(identity.Role));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(NodeUsages, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));

        var now = time.GetUtcNow();
        var serial = RandomNumberGenerator.GetBytes(SerialBytes);
        serial[0] &= 0x7f; // positive, RFC 5280 4.1.2.2
        var end = now + (lifetime < MinNodeLifetime ? MinNodeLifetime : lifetime);
        using var issued = request.Create(Certificate, now - Backdate, end < Certificate.NotAfter ? end : Certificate.NotAfter, serial);
        return issued.ExportCertificatePem() + "\n";
    }

    /// <summary>
    /// The id of the node that asks with this request: the first 128 bits of its public key's SHA-256, so that asking twice names one node.
    /// </summary>
    /// <inheritdoc cref="IssueNodeCertificate"/>
    public static string NodeIdOf(string requestPem)
    {
        using var key = ReadKey(requestPem);
        return Base36.Write(SHA256.HashData(key.ExportSubjectPublicKeyInfo()).AsSpan(0, NodeIdBytes), Model.Ids.Length);
    }

    public void Dispose() => Certificate.Dispose();

    private static ECDsa ReadKey(string requestPem)
    {
        const int minKeyBits = 256;
        CertificateRequest request;
        try
        {
            request = CertificateRequest.LoadSigningRequestPem(requestPem, HashAlgorithmName.SHA256);
        }
        catch (ArgumentException failure)
        {
            throw new CryptographicException("the certificate request is no PKCS#10 PEM", failure);
        }

        var key = request.PublicKey.GetECDsaPublicKey() ?? throw new CryptographicException("the certificate request's key is no ECDSA key");
        return key.KeySize >= minKeyBits ? key : throw new CryptographicException($"the certificate request's key has fewer than {minKeyBits} bits");
    }
}

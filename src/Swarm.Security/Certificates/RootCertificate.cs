using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Swarm.Security;

/// <summary>
/// The cluster's certificate authority: ECDSA P-256, self-signed, 20 years, named swarm-ca, or one that the user brought (ECDSA or RSA). With its key it
/// issues node certificates; without (on workers, or when the key is held outside) it is what every peer is checked against.
/// </summary>
public sealed class RootCertificate : IDisposable
{
    /// <summary>How far certificates reach back, for nodes whose clocks are behind.</summary>
    public static readonly TimeSpan Backdate = TimeSpan.FromHours(1);

    private const int ValidYears = 20;
    private const int SerialBytes = 16;
    private const int NodeIdBytes = 16;
    private const int MinRsaBits = 2048;

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

    /// <summary>DER of the subject, as every certificate that it issued names its issuer.</summary>
    public byte[] Subject => Certificate.SubjectName.RawData;

    /// <summary>DER, SubjectPublicKeyInfo.</summary>
    public byte[] PublicKey => Certificate.PublicKey.ExportSubjectPublicKeyInfo();

    public static RootCertificate Create(TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName("swarm-ca");
        var request = new CertificateRequest(name.Build(), key, HashAlgorithmName.SHA256);
        AddAuthorityExtensions(request, new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var now = time.GetUtcNow();
        return new RootCertificate(request.CreateSelfSigned(now - Backdate, now.AddYears(ValidYears)));
    }

    /// <summary>The first certificate of a PEM text, with its key (PKCS#8, or the older forms of OpenSSL) where one is given.</summary>
    /// <exception cref="CryptographicException">No certificate authority is in the text, or the key is not its key, or too weak. The key is never quoted.</exception>
    public static RootCertificate Parse(string certificatePem, string? keyPem = null)
    {
        X509Certificate2 certificate;
        try
        {
            certificate = string.IsNullOrEmpty(keyPem)
                ? X509Certificate2.CreateFromPem(certificatePem)
                : X509Certificate2.CreateFromPem(certificatePem, keyPem);
        }
        catch (ArgumentException failure)
        {
            throw new CryptographicException("the key is not the certificate's", failure);
        }

        if (!certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(basic => basic.CertificateAuthority))
        {
            certificate.Dispose();
            throw new CryptographicException("the certificate is no certificate authority");
        }

        if (certificate.PublicKey.GetRSAPublicKey() is { KeySize: < MinRsaBits })
        {
            certificate.Dispose();
            throw new CryptographicException($"the certificate authority's RSA key has fewer than {MinRsaBits} bits");
        }

        return new RootCertificate(certificate);
    }

    /// <summary>PKCS#8 PEM of the key, for the cluster's record: managers only.</summary>
    public string ExportKeyPem()
    {
        using var ecdsa = Certificate.GetECDsaPrivateKey();
        using var rsa = Certificate.GetRSAPrivateKey();
        return ecdsa?.ExportPkcs8PrivateKeyPem() ?? rsa?.ExportPkcs8PrivateKeyPem() ?? throw new InvalidOperationException("this root has no key");
    }

    /// <summary>
    /// Issues a node's certificate (PEM) for the key in <paramref name="requestPem"/>, a PKCS#10 request whose signature proves that the node has the key.
    /// Subject and names come from <paramref name="identity"/>, never from the request.
    /// </summary>
    /// <param name="storeIndex">The index of the store that the decision was read at: <see cref="StoreIndexName"/>. 0: none.</param>
    /// <exception cref="CryptographicException">The request is malformed, its signature is wrong, or its key is not ECDSA P-256 or stronger.</exception>
    public string IssueNodeCertificate(string requestPem, NodeIdentity identity, TimeSpan lifetime, TimeProvider time, long storeIndex = 0)
    {
        using var subjectKey = ReadKey(requestPem);
        var request = new CertificateRequest(identity.ToSubject(), subjectKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in NamesOf(identity, storeIndex))
        {
            names.AddDnsName(name);
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(NodeUsages, critical: false));
        var now = time.GetUtcNow();
        return Sign(request, now - Backdate, now + lifetime);
    }

    /// <summary>
    /// Vouches for a successor: a certificate (PEM) of the successor's name and key, signed by this root. A node that only knows this root then believes
    /// what the successor issues.
    /// </summary>
    public string CrossSign(RootCertificate successor, TimeProvider time)
    {
        var request = new CertificateRequest(successor.Certificate.SubjectName, successor.Certificate.PublicKey, HashAlgorithmName.SHA256);
        AddAuthorityExtensions(request, SubjectKeyIdentifierOf(successor.Certificate) ?? new X509SubjectKeyIdentifierExtension(successor.Certificate.PublicKey, critical: false));
        return Sign(request, time.GetUtcNow() - Backdate, new DateTimeOffset(successor.Certificate.NotAfter));
    }

    /// <summary>A PKCS#10 request (PEM) for this root's own name and key, for an authority outside that shall cross-sign it.</summary>
    public string CreateRequest()
    {
        using var ecdsa = Certificate.GetECDsaPrivateKey();
        using var rsa = Certificate.GetRSAPrivateKey();
        var request = ecdsa is not null
            ? new CertificateRequest(Certificate.SubjectName, ecdsa, HashAlgorithmName.SHA256)
            : new CertificateRequest(Certificate.SubjectName, rsa ?? throw new InvalidOperationException("this root has no key"), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        AddAuthorityExtensions(request, new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSigningRequestPem();
    }

    /// <summary>Whether two roots of one name can be told apart in a chain: both name their keys (RFC 5280 4.2.1.2), or their names differ.</summary>
    public bool IsDistinctFrom(RootCertificate other) =>
        !Subject.AsSpan().SequenceEqual(other.Subject) || (SubjectKeyIdentifierOf(Certificate) is not null && SubjectKeyIdentifierOf(other.Certificate) is not null);

    /// <summary>Whether this very root signed the certificate, at the certificate's own time: no chain in between.</summary>
    public bool HasSigned(X509Certificate2 certificate)
    {
        if (!certificate.IssuerName.RawData.AsSpan().SequenceEqual(Subject))
        {
            return false;
        }

        var start = certificate.NotBefore > Certificate.NotBefore ? certificate.NotBefore : Certificate.NotBefore;
        using var chain = new X509Chain { ChainPolicy = PeerTrust.Policy([this], new DateTimeOffset(start)) };
        return chain.Build(certificate) && chain.ChainElements.Count <= 2;
    }

    /// <summary>
    /// The id of the node that asks with this request: the first 128 bits of its public key's SHA-256, so that asking twice names one node.
    /// </summary>
    /// <inheritdoc cref="IssueNodeCertificate"/>
    public static string NodeIdOf(string requestPem) => Base36.Write(SHA256.HashData(PublicKeyOf(requestPem)).AsSpan(0, NodeIdBytes), Model.Ids.Length);

    /// <summary>DER, SubjectPublicKeyInfo, of the key that asks.</summary>
    /// <inheritdoc cref="IssueNodeCertificate"/>
    public static byte[] PublicKeyOf(string requestPem)
    {
        using var key = ReadKey(requestPem);
        return key.ExportSubjectPublicKeyInfo();
    }

    /// <summary>The DNS names of a node's certificate.</summary>
    public static IEnumerable<string> NamesOf(NodeIdentity identity, long storeIndex) =>
        storeIndex > 0 ? [identity.NodeId, NodeIdentity.UnitOf(identity.Role), StoreIndexName.Write(storeIndex)] : [identity.NodeId, NodeIdentity.UnitOf(identity.Role)];

    public void Dispose() => Certificate.Dispose();

    private static void AddAuthorityExtensions(CertificateRequest request, X509SubjectKeyIdentifierExtension identifier)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(identifier);
    }

    private static X509SubjectKeyIdentifierExtension? SubjectKeyIdentifierOf(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault();

    private string Sign(CertificateRequest request, DateTimeOffset start, DateTimeOffset end)
    {
        if (SubjectKeyIdentifierOf(Certificate) is not null)
        {
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        }

        var serial = RandomNumberGenerator.GetBytes(SerialBytes);
        serial[0] &= 0x7f; // positive, RFC 5280 4.1.2.2
        using var ecdsa = Certificate.GetECDsaPrivateKey();
        using var rsa = Certificate.GetRSAPrivateKey();
        var generator = ecdsa is not null
            ? X509SignatureGenerator.CreateForECDsa(ecdsa)
            : X509SignatureGenerator.CreateForRSA(rsa ?? throw new InvalidOperationException("this root has no key"), RSASignaturePadding.Pkcs1);
        var (notBefore, notAfter) = (new DateTimeOffset(Certificate.NotBefore), new DateTimeOffset(Certificate.NotAfter));
        (start, end) = (start > notBefore ? start : notBefore, end < notAfter ? end : notAfter);
        if (start >= end)
        {
            throw new CryptographicException("the root certificate has expired");
        }

        using var issued = request.Create(Certificate.SubjectName, generator, start, end, serial);
        return issued.ExportCertificatePem() + "\n";
    }

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

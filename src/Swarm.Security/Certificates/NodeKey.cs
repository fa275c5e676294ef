using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Swarm.Security;

/// <summary>A new key of this node (ECDSA P-256) that waits for its certificate.</summary>
public sealed class NodeKey : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>PKCS#10 PEM. Whoever issues fills in the subject.</summary>
    public string CreateRequest() =>
        new CertificateRequest(new X500DistinguishedName("CN=swarm-node"), _key, HashAlgorithmName.SHA256).CreateSigningRequestPem();

    public void Dispose() => _key.Dispose();

    internal string ExportPem() => _key.ExportPkcs8PrivateKeyPem() + "\n";

    /// <summary>PKCS#8 DER.</summary>
    internal byte[] Export() => _key.ExportPkcs8PrivateKey();
}

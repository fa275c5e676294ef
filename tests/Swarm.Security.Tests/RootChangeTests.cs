using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Swarm.Model;

namespace Swarm.Security.Tests;

/// <summary>Two roots, the newer vouched for by the older: who believes whose certificates.</summary>
public sealed class RootChangeTests : IDisposable
{
    private static readonly NodeIdentity Worker = new("node1", NodeRole.Worker, "cluster1");
    private readonly TestFolder _disk = new();
    private readonly RootCertificate _old = RootCertificate.Create(TimeProvider.System);
    private readonly RootCertificate _new = RootCertificate.Create(TimeProvider.System);
    private readonly string _crossSigned;

    public RootChangeTests() => _crossSigned = _old.CrossSign(_new, TimeProvider.System);

    public void Dispose()
    {
        _disk.Dispose();
        _old.Dispose();
        _new.Dispose();
    }

    [Fact]
    public void A_certificate_of_the_new_root_is_believed_by_who_knows_either_root()
    {
        foreach (var trust in new[] { _old.Pem, _new.Pem, _old.Pem + _new.Pem })
        {
            Assert.Equal(Worker, Install(_new, _crossSigned, trust).Identity);
        }
    }

    [Fact]
    public void Without_the_cross_signature_only_the_new_root_suffices()
    {
        Assert.Throws<CryptographicException>(() => Install(_new, "", _old.Pem));
        Assert.Equal(Worker, Install(_new, "", _new.Pem).Identity);
    }

    [Fact]
    public void A_certificate_of_the_old_root_is_not_believed_by_who_only_knows_the_new() =>
        Assert.Throws<CryptographicException>(() => Install(_old, "", _new.Pem));

    [Fact]
    public void The_issuer_is_the_root_that_signed_not_one_that_a_chain_leads_to()
    {
        Assert.Equal(_new.Digest, Install(_new, _crossSigned, _old.Pem + _new.Pem).Current.Issuer!.Digest);
        Assert.Equal(_old.Digest, Install(_old, "", _old.Pem + _new.Pem).Current.Issuer!.Digest);
        Assert.Null(Install(_new, _crossSigned, _old.Pem).Current.Issuer);
    }

    [Fact]
    public void A_node_comes_to_trust_other_roots_and_says_so()
    {
        var credentials = Install(_new, _crossSigned, _old.Pem);
        NodeCertificate? told = null;
        credentials.Replaced += changed => told = changed;
        Assert.True(credentials.TryTrust(_old.Pem + _new.Pem));
        Assert.Equal(2, told!.Trust.Roots.Length);
        Assert.True(credentials.TryTrust(_new.Pem));
        Assert.Equal(_new.Pem, NodeCredentials.Load(_disk.Folder)!.Current.Trust.Pem);
        Assert.Equal(_new.Pem, told.Trust.Pem);
    }

    [Fact]
    public void A_node_does_not_drop_the_only_root_that_its_certificate_leads_to()
    {
        var credentials = Install(_old, "", _old.Pem + _new.Pem);
        Assert.False(credentials.TryTrust(_new.Pem));
        Assert.Equal(2, NodeCredentials.Load(_disk.Folder)!.Current.Trust.Roots.Length);
    }

    [Fact]
    public void A_root_that_was_brought_may_be_RSA_and_without_identifiers()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=brought", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, true));
        using var made = request.CreateSelfSigned(TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow().AddYears(5));
        using var root = RootCertificate.Parse(made.ExportCertificatePem(), key.ExportRSAPrivateKeyPem());
        Assert.Equal(Worker, Install(root, _old.CrossSign(root, TimeProvider.System), _old.Pem).Identity);
        Assert.Equal(Worker, Install(root, "", root.Pem).Identity);
        Assert.Contains("CERTIFICATE REQUEST", root.CreateRequest(), StringComparison.Ordinal);
        using var again = RootCertificate.Parse(root.Pem, root.ExportKeyPem());
        Assert.Equal(Worker, Install(_new, again.CrossSign(_new, TimeProvider.System), root.Pem).Identity);
    }

    [Fact]
    public void Roots_of_one_name_are_told_apart_by_their_identifiers_alone()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(_old.Certificate.SubjectName, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, true));
        using var made = request.CreateSelfSigned(TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow().AddYears(5));
        using var bare = RootCertificate.Parse(made.ExportCertificatePem());
        Assert.True(_new.IsDistinctFrom(_old));
        Assert.False(bare.IsDistinctFrom(_old));
        Assert.False(_old.IsDistinctFrom(bare));
    }

    [Fact]
    public void A_weak_root_and_a_key_of_another_root_are_refused()
    {
        using var key = RSA.Create(1024);
        var request = new CertificateRequest("CN=weak", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, true));
        using var made = request.CreateSelfSigned(TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow().AddYears(5));
        Assert.Throws<CryptographicException>(() => RootCertificate.Parse(made.ExportCertificatePem()));
        Assert.Throws<CryptographicException>(() => RootCertificate.Parse(_old.Pem, _new.ExportKeyPem()));
    }

    [Fact]
    public void The_stores_index_is_in_the_certificate()
    {
        using var key = new NodeKey();
        var pem = _old.IssueNodeCertificate(key.CreateRequest(), Worker, TimeSpan.FromDays(1), TimeProvider.System, storeIndex: 4711);
        using var certificate = X509Certificate2.CreateFromPem(pem);
        Assert.Equal(4711, StoreIndexName.Read(certificate));
        Assert.Equal(0, StoreIndexName.Read(_old.Certificate));
    }

    private NodeCredentials Install(RootCertificate root, string intermediates, string trust)
    {
        using var key = new NodeKey();
        return NodeCredentials.Install(_disk.Folder, key, root.IssueNodeCertificate(key.CreateRequest(), Worker, TimeSpan.FromDays(1), TimeProvider.System) + intermediates, trust);
    }
}

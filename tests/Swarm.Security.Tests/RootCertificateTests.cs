using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using Swarm.Model;

namespace Swarm.Security.Tests;

public sealed class RootCertificateTests
{
    private static readonly NodeIdentity Worker = new("node1", NodeRole.Worker, "cluster1");
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public void A_root_lives_twenty_years_and_survives_its_PEM()
    {
        using var root = RootCertificate.Create(_time);
        using var again = RootCertificate.Parse(root.Pem, root.ExportKeyPem());
        Assert.Equal("CN=swarm-ca", again.Certificate.Subject);
        Assert.Equal(_time.GetUtcNow().AddYears(20), new DateTimeOffset(again.Certificate.NotAfter));
        Assert.Equal(root.Digest, again.Digest);
        Assert.True(again.CanIssue);
        Assert.False(RootCertificate.Parse(root.Pem).CanIssue);
    }

    [Fact]
    public void A_node_certificate_carries_the_identity_that_the_issuer_decided()
    {
        using var root = RootCertificate.Create(_time);
        using var certificate = Issue(root, Worker, TimeSpan.FromDays(90));
        Assert.True(NodeIdentity.TryRead(certificate, out var identity));
        Assert.Equal(Worker, identity);
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateDnsNames();
        Assert.Equal(["node1", "swarm-worker"], names);
        var usages = certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages;
        Assert.Equal(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"], usages.Cast<Oid>().Select(usage => usage.Value!));
        Assert.False(certificate.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
    }

    [Fact]
    public void A_node_certificate_is_backdated_an_hour_and_ends_with_the_lifetime()
    {
        using var root = RootCertificate.Create(_time);
        using var certificate = Issue(root, Worker, TimeSpan.FromDays(90));
        Assert.Equal(_time.GetUtcNow().AddHours(-1), new DateTimeOffset(certificate.NotBefore));
        Assert.Equal(_time.GetUtcNow().AddDays(90), new DateTimeOffset(certificate.NotAfter));
    }

    [Fact]
    public void A_node_certificate_does_not_outlive_the_root()
    {
        using var root = RootCertificate.Create(_time);
        using var certificate = Issue(root, Worker, TimeSpan.FromDays(365 * 30));
        Assert.Equal(root.Certificate.NotAfter, certificate.NotAfter);
    }

    [Fact]
    public void A_request_with_an_RSA_key_is_refused()
    {
        using var root = RootCertificate.Create(_time);
        using var key = RSA.Create(2048);
        var pem = new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequestPem();
        Assert.Throws<CryptographicException>(() => root.IssueNodeCertificate(pem, Worker, TimeSpan.FromDays(1), _time));
    }

    [Fact]
    public void A_request_whose_signature_is_wrong_is_refused()
    {
        using var root = RootCertificate.Create(_time);
        using var key = new NodeKey();
        var lines = key.CreateRequest().Split('\n');
        var der = Convert.FromBase64String(string.Concat(lines[1..^1]));
        der[^1] ^= 1;
        var forged = new string(PemEncoding.Write("CERTIFICATE REQUEST", der));
        Assert.Throws<CryptographicException>(() => root.IssueNodeCertificate(forged, Worker, TimeSpan.FromDays(1), _time));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    public void What_is_no_request_is_refused(string pem)
    {
        using var root = RootCertificate.Create(_time);
        Assert.Throws<CryptographicException>(() => root.IssueNodeCertificate(pem, Worker, TimeSpan.FromDays(1), _time));
    }

    [Fact]
    public void A_node_certificate_is_no_root()
    {
        using var root = RootCertificate.Create(_time);
        using var certificate = Issue(root, Worker, TimeSpan.FromDays(1));
        Assert.Throws<CryptographicException>(() => RootCertificate.Parse(certificate.ExportCertificatePem()));
    }

    [Fact]
    public void A_certificate_of_another_purpose_names_no_node()
    {
        using var root = RootCertificate.Create(_time);
        Assert.False(NodeIdentity.TryRead(root.Certificate, out _));
    }

    private X509Certificate2 Issue(RootCertificate root, NodeIdentity identity, TimeSpan lifetime)
    {
        using var key = new NodeKey();
        return X509Certificate2.CreateFromPem(root.IssueNodeCertificate(key.CreateRequest(), identity, lifetime, _time));
    }
}

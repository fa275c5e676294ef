using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Swarm.Security;

/// <summary>The roots that a node believes: one, or two while the cluster moves from one to the next.</summary>
public sealed class TrustRoots
{
    /// <summary>Roots that one node trusts; a cluster has two at most.</summary>
    public const int MaxRoots = 4;

    private TrustRoots(ImmutableArray<RootCertificate> roots)
    {
        Roots = roots;
        Pem = string.Concat(roots.Select(root => root.Pem));
    }

    public ImmutableArray<RootCertificate> Roots { get; }

    /// <summary>All of them, one after the other.</summary>
    public string Pem { get; }

    /// <exception cref="CryptographicException">The text holds no certificate authority, too many, or something else.</exception>
    public static TrustRoots Parse(string pem)
    {
        var certificates = PemCertificates.Read(pem);
        return certificates.Length is > 0 and <= MaxRoots
            ? new TrustRoots([.. certificates.Select(certificate => RootCertificate.Parse(certificate)).DistinctBy(root => root.Digest)])
            : throw new CryptographicException($"between 1 and {MaxRoots} root certificates are expected, not {certificates.Length}");
    }

    /// <summary>The root that signed a certificate itself, whatever the time; null if none did, though a chain may lead to one.</summary>
    public RootCertificate? IssuerOf(X509Certificate2 certificate) => Roots.FirstOrDefault(root => root.HasSigned(certificate));
}

/// <summary>The certificates of a PEM text, each as PEM.</summary>
internal static class PemCertificates
{
    private const string Label = "CERTIFICATE";

    internal static ImmutableArray<string> Read(ReadOnlySpan<char> pem)
    {
        var found = ImmutableArray.CreateBuilder<string>();
        while (PemEncoding.TryFind(pem, out var fields))
        {
            if (pem[fields.Label] is Label)
            {
                found.Add(pem[fields.Location].ToString() + "\n");
            }

            pem = pem[fields.Location.End..];
        }

        return found.ToImmutable();
    }
}

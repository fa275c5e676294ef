using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Swarm.Registry;

/// <summary>
/// Whom to believe that they are one registry, and who we are to it: the machine's roots, and what Docker keeps under certs.d/HOST: *.crt are
/// further roots, NAME.cert with NAME.key are our certificate.
/// </summary>
internal static class HostTrust
{
    /// <summary>Changes when a file of the host's folder does.</summary>
    public static long Stamp(string folder) => !Directory.Exists(folder) ? 0
        : new DirectoryInfo(folder).EnumerateFiles().Aggregate(Directory.GetLastWriteTimeUtc(folder).Ticks, (stamp, file) => Math.Max(stamp, file.LastWriteTimeUtc.Ticks));

    /// <param name="insecure">Whoever answers is believed.</param>
    /// <exception cref="RegistryException">The folder has half a certificate, or a file that is none.</exception>
    public static SslClientAuthenticationOptions Options(string folder, bool insecure)
    {
        var roots = new X509Certificate2Collection();
        var own = new X509Certificate2Collection();
        if (Directory.Exists(folder))
        {
            Read(folder, roots, own);
        }

        return new SslClientAuthenticationOptions
        {
            ClientCertificates = own.Count > 0 ? own : null,
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) => errors == SslPolicyErrors.None || insecure
                || (errors == SslPolicyErrors.RemoteCertificateChainErrors && roots.Count > 0 && certificate is X509Certificate2 server && IsSignedBy(roots, server, chain)),
        };
    }

    private static void Read(string folder, X509Certificate2Collection roots, X509Certificate2Collection own)
    {
        foreach (var file in Directory.GetFiles(folder).Order(StringComparer.Ordinal))
        {
            try
            {
                switch (Path.GetExtension(file))
                {
                    case ".crt":
                        roots.ImportFromPemFile(file);
                        break;
                    case ".cert":
                        var key = Path.ChangeExtension(file, ".key");
                        own.Add(File.Exists(key) ? X509Certificate2.CreateFromPemFile(file, key) : throw Half($"missing key {Path.GetFileName(key)} for client certificate {Path.GetFileName(file)}"));
                        break;
                    case ".key" when !File.Exists(Path.ChangeExtension(file, ".cert")):
                        throw Half($"missing client certificate {Path.GetFileName(Path.ChangeExtension(file, ".cert"))} for key {Path.GetFileName(file)}");
                }
            }
            catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
            {
                throw new RegistryException(RegistryFault.Invalid, $"{file}: {e.Message}", e);
            }
        }
    }

    private static RegistryException Half(string what) => new(RegistryFault.Invalid, what + ". CA certificates must use the extension .crt");

    private static bool IsSignedBy(X509Certificate2Collection roots, X509Certificate2 server, X509Chain? seen)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        foreach (var element in seen?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
        {
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        return chain.Build(server);
    }
}

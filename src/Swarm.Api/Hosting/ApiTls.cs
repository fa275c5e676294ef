using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Swarm.Api.Hosting;

/// <summary>TLS 1.2 and later on TCP, and who may come in: whoever shows a certificate that one of <see cref="_authorities"/> has signed.</summary>
public sealed class ApiTls : IDisposable
{
    /// <summary>Extended key usage: TLS web client authentication (RFC 5280, 4.2.1.12).</summary>
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2 _certificate;
    private readonly X509Certificate2Collection _intermediates;
    private readonly X509Certificate2Collection? _authorities;

    private ApiTls(X509Certificate2 certificate, X509Certificate2Collection intermediates, X509Certificate2Collection? authorities) =>
        (_certificate, _intermediates, _authorities) = (certificate, intermediates, authorities);

    /// <param name="certificate">PEM file: the server's certificate, then those between it and its root.</param>
    /// <param name="key">PEM file.</param>
    /// <param name="authority">PEM file: who signs clients' certificates; null: clients need none.</param>
    /// <exception cref="IOException">A file that is not there or not what it should be: one line for the user.</exception>
    public static ApiTls Load(string certificate, string key, string? authority)
    {
        try
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(Present(certificate));
            var own = X509Certificate2.CreateFromPemFile(certificate, Present(key));
            X509Certificate2Collection? authorities = null;
            if (authority is not null)
            {
                authorities = [];
                authorities.ImportFromPemFile(Present(authority));
                if (authorities.Count == 0)
                {
                    throw new IOException($"could not read CA certificate \"{authority}\": it has no certificate in it");
                }
            }

            return new ApiTls(own, [.. chain.Skip(1)], authorities);
        }
        catch (CryptographicException e)
        {
            throw new IOException($"could not load X509 key pair (cert: \"{certificate}\", key: \"{key}\"): {e.Message}", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"could not load X509 key pair: {e.Message}", e);
        }
    }

    public void Dispose() => _certificate.Dispose();

    internal HttpsConnectionAdapterOptions Options() => new()
    {
        ServerCertificate = _certificate,
        ServerCertificateChain = _intermediates,
        SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ClientCertificateMode = _authorities is null ? ClientCertificateMode.NoCertificate : ClientCertificateMode.RequireCertificate,
        ClientCertificateValidation = (client, chain, _) => IsWelcome(client, chain),
        CheckCertificateRevocation = false,
    };

    private static string Present(string path) => File.Exists(path) ? path : throw new IOException($"could not read \"{path}\": no such file or directory (see --tlscacert, --tlscert and --tlskey)");

    private bool IsWelcome(X509Certificate2 client, X509Chain? seen)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities!);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        foreach (var element in seen?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
        {
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        return chain.Build(client);
    }
}

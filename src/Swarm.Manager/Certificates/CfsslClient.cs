using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Swarm.Model;
using Swarm.Security;

namespace Swarm.Manager.Certificates;

/// <summary>
/// Forwards certificate signing requests to authorities outside, as CFSSL's sign endpoint takes them (and SwarmKit sends them): POST of JSON over HTTPS,
/// with this manager's certificate; the answer's certificate is believed only after it was checked.
/// </summary>
/// <param name="own">This manager's certificate, presented to the authority.</param>
public sealed class CfsslClient(Func<NodeCertificate> own, TimeProvider time)
{
    /// <summary>For one authority, dialling included.</summary>
    internal static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>CFSSL's name of the profile that cross-signs authorities.</summary>
    private const string CrossSigningProfile = "CA";

    /// <summary>Largest answer, bytes.</summary>
    private const int MaxAnswer = 1 << 20;

    /// <summary>Asks one authority after the other for a node's certificate (PEM) of <paramref name="issuer"/>.</summary>
    /// <param name="trusted">PEM: who may have signed the authority's own HTTPS certificate.</param>
    /// <exception cref="ExternalCaException">None could, and what each said.</exception>
    internal async Task<string> SignNodeAsync(
        IEnumerable<ExternalCa> authorities, RootCertificate issuer, string trusted, string request, NodeIdentity identity, long storeIndex, CancellationToken cancellation)
    {
        var body = new CfsslRequest(request, [.. RootCertificate.NamesOf(identity, storeIndex)], new CfsslSubject(identity.NodeId, [new CfsslName(NodeIdentity.UnitOf(identity.Role), identity.ClusterId)]), null);
        var pem = await FirstAsync(authorities, trusted, body, cancellation).ConfigureAwait(false);
        using var certificate = X509Certificate2.CreateFromPem(pem);
        var good = issuer.HasSigned(certificate)
            && NodeIdentity.TryRead(certificate, out var issued) && issued == identity
            && certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(RootCertificate.PublicKeyOf(request))
            && !certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(basic => basic.CertificateAuthority);
        return good
            ? certificate.ExportCertificatePem() + "\n"
            : throw new ExternalCaException("the external CA answered a certificate that is not the node's, not for its key, or not of the cluster's root");
    }

    /// <summary>Has a new root's name and key signed by the authority of the present one.</summary>
    /// <param name="successor">With its key.</param>
    /// <exception cref="ExternalCaException">None could, and what each said.</exception>
    internal async Task<string> CrossSignAsync(IEnumerable<ExternalCa> authorities, RootCertificate present, RootCertificate successor, CancellationToken cancellation)
    {
        var body = new CfsslRequest(successor.CreateRequest(), [], null, CrossSigningProfile);
        var pem = await FirstAsync(authorities, present.Pem, body, cancellation).ConfigureAwait(false);
        using var certificate = X509Certificate2.CreateFromPem(pem);
        var good = present.HasSigned(certificate)
            && certificate.SubjectName.RawData.AsSpan().SequenceEqual(successor.Subject)
            && certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(successor.PublicKey)
            && certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(basic => basic.CertificateAuthority);
        return good ? certificate.ExportCertificatePem() + "\n" : throw new ExternalCaException("the external CA answered no cross-signed certificate of the new root");
    }

    private async Task<string> FirstAsync(IEnumerable<ExternalCa> authorities, string trusted, CfsslRequest body, CancellationToken cancellation)
    {
        var failures = new List<string>();
        foreach (var authority in authorities)
        {
            try
            {
                return await AskAsync(authority, trusted, body, cancellation).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is HttpRequestException or JsonException or ExternalCaException || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
                failures.Add($"{authority.Url}: {(failure is OperationCanceledException ? $"no answer within {Timeout.TotalSeconds:0} s" : Innermost(failure).Message)}");
            }
        }

        throw new ExternalCaException(failures.Count > 0 ? string.Join("; ", failures) : "no external CA is configured");
    }

    private async Task<string> AskAsync(ExternalCa authority, string trusted, CfsslRequest body, CancellationToken cancellation)
    {
        // A connection for each request: they are rare, and the certificate and the roots change.
        using var late = new CancellationTokenSource(Timeout, time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        using var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificateContext = own().Context,
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                CertificateChainPolicy = TrustIn(trusted + authority.Certificate),
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            },
        };
        using var http = new HttpClient(handler) { Timeout = System.Threading.Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaxAnswer };
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, CfsslJson.Default.CfsslRequest));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await http.PostAsync(new Uri(authority.Url), content, ends.Token).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            throw new ExternalCaException($"answered {(int)response.StatusCode}");
        }

        var answer = JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(ends.Token).ConfigureAwait(false), CfsslJson.Default.CfsslAnswer);
        return answer switch
        {
            { Success: true, Result.Certificate: { Length: > 0 } certificate } => certificate,
            { Errors: [{ Message: { } message }, ..] } => throw new ExternalCaException("refused: " + message),
            _ => throw new ExternalCaException("answered no certificate"),
        };
    }

    /// <summary>The cluster's roots and the authority's own: the machine's certificate store is not asked.</summary>
    private X509ChainPolicy TrustIn(string pem)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            VerificationTimeIgnored = false,
            VerificationTime = time.GetUtcNow().UtcDateTime,
        };
        policy.CustomTrustStore.ImportFromPem(pem);
        return policy;
    }

    private static Exception Innermost(Exception exception) => exception.InnerException is { } inner ? Innermost(inner) : exception;
}

/// <summary>An authority outside did not sign.</summary>
public sealed class ExternalCaException(string message) : Exception(message);

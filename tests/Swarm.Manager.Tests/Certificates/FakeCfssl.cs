using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Swarm.Model;
using Swarm.Security;

namespace Swarm.Manager.Tests.Certificates;

/// <summary>An authority outside, behind the sign endpoint of CFSSL: HTTPS with a certificate of its root, callers known by theirs.</summary>
internal sealed class FakeCfssl : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeCfssl(RootCertificate root)
    {
        Root = root;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
        var pem = root.IssueNodeCertificate(request, new NodeIdentity("localhost", NodeRole.Worker, "ca"), TimeSpan.FromDays(1), TimeProvider.System);
        var certificate = X509Certificate2.CreateFromPem(pem, key.ExportPkcs8PrivateKeyPem());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(new HttpsConnectionAdapterOptions
        {
            ServerCertificate = certificate,
            ClientCertificateMode = ClientCertificateMode.RequireCertificate,
            ClientCertificateValidation = (caller, _, _) =>
            {
                Callers.Enqueue(caller.Subject);
                return true;
            },
        })));
        _app = builder.Build();
        _app.MapPost("/api/v1/cfssl/sign", SignAsync);
    }

    internal RootCertificate Root { get; }

    internal ConcurrentQueue<string> Callers { get; } = [];

    internal ConcurrentQueue<JsonElement> Requests { get; } = [];

    /// <summary>Answers in place of a certificate, if set.</summary>
    internal Func<string, string>? Answer { get; set; }

    internal string Url { get; private set; } = "";

    internal static async Task<FakeCfssl> StartAsync(RootCertificate root)
    {
        var cfssl = new FakeCfssl(root);
        await cfssl._app.StartAsync();
        var bound = cfssl._app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        cfssl.Url = $"https://localhost:{new Uri(bound).Port}/api/v1/cfssl/sign";
        return cfssl;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task SignAsync(HttpContext context)
    {
        using var document = await JsonDocument.ParseAsync(context.Request.Body);
        var body = document.RootElement.Clone();
        Requests.Enqueue(body);
        var request = body.GetProperty("certificate_request").GetString()!;
        var answer = Answer is { } other ? other(request) : JsonSerializer.Serialize(new { success = true, result = new { certificate = Sign(body, request) }, errors = Array.Empty<string>() });
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(answer);
    }

    private string Sign(JsonElement body, string request)
    {
        if (body.TryGetProperty("profile", out var profile) && profile.GetString() == "CA")
        {
            // The name and key of the request, as an authority.
            var asked = CertificateRequest.LoadSigningRequestPem(request, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
            asked.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Root.Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
            var now = TimeProvider.System.GetUtcNow();
            using var crossed = asked.Create(Root.Certificate, now.AddMinutes(-5), now.AddYears(2), [7, 7, 7]);
            return crossed.ExportCertificatePem();
        }

        var subject = body.GetProperty("subject");
        var name = subject.GetProperty("names")[0];
        var role = name.GetProperty("OU").GetString() == NodeIdentity.ManagerUnit ? NodeRole.Manager : NodeRole.Worker;
        return Root.IssueNodeCertificate(
            request, new NodeIdentity(subject.GetProperty("CN").GetString()!, role, name.GetProperty("O").GetString()!), TimeSpan.FromHours(2), TimeProvider.System);
    }
}

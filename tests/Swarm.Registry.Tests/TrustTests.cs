using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Swarm.Registry.Tests;

/// <summary>Which registries are believed, and how the way to them is found.</summary>
public sealed class TrustTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("swarm-trust-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task An_insecure_registry_that_speaks_tls_with_a_certificate_of_its_own_is_found_and_remembered()
    {
        WriteCertificate("server");
        await using var registry = await LocalRegistry.StartAsync(tls: $"    certificate: {Path("server.cert")}\n    key: {Path("server.key")}\n");
        using var client = new RegistryClient(Options(), TimeProvider.System);
        var first = client.Repository(registry.Host, "team/app", null);
        await first.PingAsync(default);
        Assert.Equal(RegistryFault.NameUnknown, (await Assert.ThrowsAsync<RegistryException>(() => first.ListTagsAsync(default))).Fault);

        // Without a ping of its own: what was learned holds for the whole client.
        var second = client.Repository(registry.Host, "team/app", null);
        Assert.Equal(RegistryFault.NameUnknown, (await Assert.ThrowsAsync<RegistryException>(() => second.ListTagsAsync(default))).Fault);
        Assert.Equal("", await client.LogInAsync(registry.Host, new RegistryCredentials { User = "any", Password = "any" }, default));
    }

    [Fact]
    public async Task A_client_certificate_of_the_host_s_folder_is_shown()
    {
        WriteCertificate("server");
        WriteCertificate("client");
        await using var registry = await LocalRegistry.StartAsync(
            tls: $"    certificate: {Path("server.cert")}\n    key: {Path("server.key")}\n    clientcas: [{Path("client.cert")}]\n");
        using var client = new RegistryClient(Options(), TimeProvider.System);
        await Assert.ThrowsAsync<RegistryException>(() => client.Repository(registry.Host, "team/app", null).PingAsync(default));
        var folder = Directory.CreateDirectory(Path("certs.d/" + registry.Host)).FullName;
        File.Copy(Path("client.cert"), System.IO.Path.Combine(folder, "client.cert"));
        var half = await Assert.ThrowsAsync<RegistryException>(() => client.Repository(registry.Host, "team/app", null).PingAsync(default));
        Assert.Contains("missing key client.key for client certificate client.cert", half.Message, StringComparison.Ordinal);
        File.Copy(Path("client.key"), System.IO.Path.Combine(folder, "client.key"));
        await client.Repository(registry.Host, "team/app", null).PingAsync(default);
    }

    [Fact]
    public async Task A_root_of_the_host_s_folder_is_believed_and_nobody_else_is()
    {
        WriteCertificate("server");
        await using var registry = await LocalRegistry.StartAsync(tls: $"    certificate: {Path("server.cert")}\n    key: {Path("server.key")}\n");
        var folder = Directory.CreateDirectory(Path("host")).FullName;
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync());
        WriteCertificate("other");
        File.Copy(Path("other.cert"), System.IO.Path.Combine(folder, "other.crt"));
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync());
        File.Copy(Path("server.cert"), System.IO.Path.Combine(folder, "ca.crt"));
        Assert.Equal(HttpStatusCode.OK, await GetAsync());

        async Task<HttpStatusCode> GetAsync()
        {
            using var http = new HttpClient(new SocketsHttpHandler { SslOptions = HostTrust.Options(folder, insecure: false) });
            using var answer = await http.GetAsync(new Uri($"https://{registry.Host}/v2/"));
            return answer.StatusCode;
        }
    }

    [Theory]
    [InlineData("registry.example", false)]
    [InlineData("registry.example:5000", true)]
    [InlineData("10.1.2.3:5000", true)]
    [InlineData("11.1.2.3:5000", false)]
    [InlineData("127.0.0.1:5000", true)]
    [InlineData("[::1]:5000", true)]
    [InlineData("plain.example:1", true)]
    public void Insecure_is_what_was_named_by_host_port_or_network(string host, bool insecure) => Assert.Equal(
        insecure,
        new RegistryOptions
        {
            InsecureRegistries = new HashSet<string> { "registry.example:5000", "plain.example" }, InsecureNetworks = [IPNetwork.Parse("10.0.0.0/8")],
        }.IsInsecure(host));

    [Theory]
    [InlineData("http://localhost/", true)]
    [InlineData("http://127.0.0.9:5000/", true)]
    [InlineData("http://a.internal/", true)]
    [InlineData("http://internal/", false)]
    [InlineData("http://exact.example/", true)]
    [InlineData("http://sub.exact.example/", true)]
    [InlineData("http://notexact.example/", false)]
    [InlineData("http://10.9.8.7/", true)]
    [InlineData("http://11.9.8.7/", false)]
    [InlineData("http://port.example:8080/", true)]
    [InlineData("http://port.example/", false)]
    [InlineData("http://x.star.example/", true)]
    public void The_proxy_is_passed_by_as_curl_and_go_do(string target, bool bypassed) => Assert.Equal(
        bypassed, new ProxySettings("http://proxy:3128", "", ".internal, exact.example,10.0.0.0/8,port.example:8080,*.star.example").Proxy!.IsBypassed(new Uri(target)));

    [Fact]
    public void The_proxy_s_password_is_for_the_proxy_alone()
    {
        var proxy = new ProxySettings("http://anna:s%40cret@proxy:3128", "", "").Proxy!;
        var address = proxy.GetProxy(new Uri("http://registry.example/"))!;
        Assert.Equal("s@cret", proxy.Credentials!.GetCredential(address, "Basic")!.Password);
        Assert.True(proxy.IsBypassed(new Uri("https://registry.example/")));
    }

    private RegistryOptions Options() => new() { CertificatesFolder = Path("certs.d"), RetryDelay = TimeSpan.FromMilliseconds(1), Attempts = 1 };

    private string Path(string name) => System.IO.Path.Combine(_folder, name);

    /// <summary>NAME.cert and NAME.key, signed by itself.</summary>
    private void WriteCertificate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(Path(name + ".cert"), certificate.ExportCertificatePem());
        File.WriteAllText(Path(name + ".key"), key.ExportPkcs8PrivateKeyPem());
    }
}

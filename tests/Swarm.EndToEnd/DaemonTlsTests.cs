using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Swarm.EndToEnd;

/// <summary>The API over TCP: whoever reaches it owns the machine.</summary>
public sealed class DaemonTlsTests : IAsyncLifetime
{
    private DaemonRoom _room = null!;

    public async Task InitializeAsync()
    {
        _room = await DaemonRoom.OpenAsync();
        WriteCertificates(_room.Folder);
    }

    public async Task DisposeAsync() => await _room.DisposeAsync();

    [Fact]
    public async Task Only_a_client_with_a_certificate_comes_in_and_every_command_works_for_it()
    {
        await using var daemon = await DaemonProcess.RunAsync(
            _room, "a", "-H", "tcp://0.0.0.0:2376", "--tlsverify", "--tlscacert", Pem("ca"), "--tlscert", Pem("server"), "--tlskey", Pem("server-key"));
        await daemon.DockerOkAsync("import", _room.Image, "box");
        Assert.Equal("in and out", (await TlsAsync("client", "run", "--rm", "box", "echo", "in and out")).Output);
        await daemon.DockerOkAsync("run", "-d", "--name", "web", "box", "sleep", "1000");
        Assert.Equal("half closed", (await _room.InsideAsync("sh", "-c", $"echo half closed | docker {string.Join(' ', Tls("client"))} exec -i web cat")).Output);
        Assert.NotEqual(0, (await TlsAsync("stranger", "version")).ExitCode);
        Assert.NotEqual(0, (await TlsAsync("server", "version")).ExitCode);
        Assert.NotEqual(0, (await _room.InsideAsync("curl", "-sk", "https://127.0.0.1:2376/_ping")).ExitCode);
        Assert.NotEqual(0, (await _room.InsideAsync("curl", "-s", "http://127.0.0.1:2376/_ping")).ExitCode);
        Assert.NotEqual(0, (await CurlAsync("--tls-max", "1.1")).ExitCode);
        Assert.Equal("OK", (await CurlAsync("--tlsv1.2", "--tls-max", "1.2")).Output);
        Assert.Equal("OK", (await CurlAsync("--tlsv1.3")).Output);
    }

    [Theory]
    [InlineData(1, "tcp://0.0.0.0:2375")]
    [InlineData(1, "tcp://[::]:2375")]
    public async Task Without_tls_it_does_not_leave_the_machine_by_mistake(int status, string host)
    {
        var daemon = DaemonProcess.Start(_room, "a", "--bridge=none", "-H", host);
        Assert.Equal(status, await daemon.ExitAsync());
        Assert.Contains($"{host} has no TLS", daemon.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tcp://127.0.0.1:2375")]
    [InlineData("tcp://0.0.0.0:2375", "--tls=false")]
    public async Task Without_tls_it_serves_the_machine_itself_and_whoever_it_is_told_to(string host, params string[] flags)
    {
        await using var daemon = await DaemonProcess.RunAsync(_room, "a", ["--bridge=none", "-H", host, .. flags]);
        Assert.Equal("OK", (await _room.InsideAsync("curl", "-s", "http://127.0.0.1:2375/_ping")).Output);
        Assert.Contains("whoever reaches it is root", daemon.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_is_not_there_is_said_at_once()
    {
        var daemon = DaemonProcess.Start(_room, "a", "--bridge=none", "-H", "tcp://127.0.0.1:2376", "--tlsverify", "--tlscacert", Pem("ca"), "--tlscert", Pem("server"), "--tlskey", Pem("nope"));
        Assert.Equal(1, await daemon.ExitAsync());
        Assert.Contains($"could not read \"{Pem("nope")}\": no such file or directory", daemon.Log, StringComparison.Ordinal);
    }

    private string Pem(string name) => Path.Combine(_room.Folder, name + ".pem");

    private string[] Tls(string who) => ["-H", "tcp://127.0.0.1:2376", "--tlsverify", "--tlscacert", Pem("ca"), "--tlscert", Pem(who), "--tlskey", Pem(who + "-key")];

    private Task<ShellResult> TlsAsync(string who, params string[] command) => _room.InsideAsync(["docker", .. Tls(who), .. command]);

    private Task<ShellResult> CurlAsync(params string[] options) =>
        _room.InsideAsync(["curl", "-s", "--cacert", Pem("ca"), "--cert", Pem("client"), "--key", Pem("client-key"), .. options, "https://127.0.0.1:2376/_ping"]);

    /// <summary>A CA with a server and a client, and a stranger who signed for himself.</summary>
    private static void WriteCertificates(string folder)
    {
        const string serverUse = "1.3.6.1.5.5.7.3.1", clientUse = "1.3.6.1.5.5.7.3.2";
        var (from, until) = (DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var caRequest = new CertificateRequest("CN=test ca", caKey, HashAlgorithmName.SHA256);
        caRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var ca = caRequest.CreateSelfSigned(from, until);
        File.WriteAllText(Path.Combine(folder, "ca.pem"), ca.ExportCertificatePem());
        Issue("server", serverUse, request => request.Create(ca, from, until, [1]));
        Issue("client", clientUse, request => request.Create(ca, from, until, [2]));
        Issue("stranger", clientUse, request => request.CreateSelfSigned(from, until));

        void Issue(string name, string use, Func<CertificateRequest, X509Certificate2> sign)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(use)], false));
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(IPAddress.Loopback);
            request.CertificateExtensions.Add(names.Build());
            using var certificate = sign(request);
            File.WriteAllText(Path.Combine(folder, name + ".pem"), certificate.ExportCertificatePem());
            File.WriteAllText(Path.Combine(folder, name + "-key.pem"), key.ExportPkcs8PrivateKeyPem());
        }
    }
}

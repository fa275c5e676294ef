using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Swarm.Registry.Tests;

/// <summary>Debian's docker-registry on 127.0.0.1 with a folder of its own; ended by its id and removed after the tests.</summary>
public sealed class LocalRegistry : IAsyncDisposable
{
    public const string User = "anna";
    public const string Password = "secret-word";

    /// <summary>bcrypt of <see cref="Password"/>, as htpasswd -B makes it.</summary>
    private const string PasswordLine = User + ":$2y$05$abcdefghijklmnopqrstuuUOabO4v2PoT/v47Y.znQK.9MsMDnesq\n";

    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(20);

    private readonly Process _process;
    private readonly string _folder;

    private LocalRegistry(Process process, string folder, int port)
    {
        _process = process;
        _folder = folder;
        Host = $"127.0.0.1:{port}";
    }

    public string Host { get; }

    /// <param name="tls">Lines of the configuration's http.tls; empty: without.</param>
    public static async Task<LocalRegistry> StartAsync(bool password = false, string tls = "")
    {
        var folder = Directory.CreateTempSubdirectory("swarm-images-registry-").FullName;
        var port = FreePort();
        var auth = "";
        if (password)
        {
            File.WriteAllText(Path.Combine(folder, "htpasswd"), PasswordLine);
            auth = $"auth:\n  htpasswd:\n    realm: test\n    path: {folder}/htpasswd\n";
        }

        File.WriteAllText(
            Path.Combine(folder, "config.yml"),
            $"version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {folder}/data\nhttp:\n  addr: 127.0.0.1:{port}\n{(tls.Length > 0 ? "  tls:\n" + tls : "")}{auth}");
        var start = new ProcessStartInfo("docker-registry", ["serve", $"{folder}/config.yml"]) { RedirectStandardError = true, RedirectStandardOutput = true };
        var registry = new LocalRegistry(Process.Start(start)!, folder, port);
        var log = Task.WhenAll(registry._process.StandardError.ReadToEndAsync(), registry._process.StandardOutput.ReadToEndAsync());
        if (!await registry.IsUpAsync())
        {
            await registry.DisposeAsync();
            Assert.Fail($"docker-registry did not start: {string.Concat(await log)}");
        }

        return registry;
    }

    /// <summary>Copies an image in, from whatever skopeo can read (oci:FOLDER:TAG, docker-archive:FILE).</summary>
    public void Push(string source, string name, params string[] options) => Skopeo(
        ["copy", "--dest-tls-verify=false", "--dest-creds", $"{User}:{Password}", .. options, source, $"docker://{Host}/{name}"]);

    public static void Skopeo(params string[] arguments)
    {
        var start = new ProcessStartInfo("skopeo", ["--insecure-policy", .. arguments]) { RedirectStandardError = true, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"skopeo {string.Join(' ', arguments)}: {error.Result}");
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<bool> IsUpAsync()
    {
        using var http = new HttpClient();
        using var deadline = new CancellationTokenSource(StartDeadline);
        while (!deadline.IsCancellationRequested && !_process.HasExited)
        {
            try
            {
                using var response = await http.GetAsync($"http://{Host}/v2/", deadline.Token);
                return true;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(20, CancellationToken.None);
            }
        }

        return false;
    }
}

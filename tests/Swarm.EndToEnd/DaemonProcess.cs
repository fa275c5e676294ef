using System.Collections.Concurrent;
using System.Diagnostics;
using System.Formats.Tar;
using System.Globalization;

namespace Swarm.EndToEnd;

/// <summary>
/// A daemon of a test's own, started as dockerd the way Docker's own test harness does it: every path in a folder of the test, in a network namespace
/// that several daemons may share.
/// </summary>
internal sealed class DaemonProcess : IAsyncDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _log = [];

    private DaemonProcess(Process process, string folder) => (_process, Folder) = (process, folder);

    public string Folder { get; }

    public string Host => "unix://" + Path.Combine(Folder, "d.sock");

    public string PidFile => Path.Combine(Folder, "docker.pid");

    public string DataRoot => Path.Combine(Folder, "root");

    public string ExecRoot => Path.Combine(Folder, "x");

    public string Log => string.Join('\n', _log);

    /// <summary>Started, whether or not it then runs.</summary>
    public static DaemonProcess Start(DaemonRoom room, string name, params string[] flags)
    {
        var folder = Path.Combine(room.Folder, name);
        Directory.CreateDirectory(folder);
        string[] words =
        [
            $"--net={room.NamespaceFile}", .. room.Prefix, room.Dockerd, "--data-root", Path.Combine(folder, "root"), "--exec-root", Path.Combine(folder, "x"),
            "--pidfile", Path.Combine(folder, "docker.pid"), "--userland-proxy=true", "--containerd-namespace", name, "--containerd-plugins-namespace", name + "p",
            "--containerd", "/var/run/docker/containerd/containerd.sock", "--host", "unix://" + Path.Combine(folder, "d.sock"), .. flags,
        ];
        var info = new ProcessStartInfo("nsenter", words) { RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment["DOCKER_SERVICE_PREFER_OFFLINE_IMAGE"] = "1";
        var daemon = new DaemonProcess(Process.Start(info) ?? throw new InvalidOperationException("nsenter did not start"), folder);
        daemon._process.OutputDataReceived += (_, line) => daemon._log.Enqueue(line.Data ?? "");
        daemon._process.ErrorDataReceived += (_, line) => daemon._log.Enqueue(line.Data ?? "");
        daemon._process.BeginOutputReadLine();
        daemon._process.BeginErrorReadLine();
        return daemon;
    }

    /// <summary>As <see cref="Start"/>, and it answers.</summary>
    public static async Task<DaemonProcess> RunAsync(DaemonRoom room, string name, params string[] flags)
    {
        var daemon = Start(room, name, flags);
        await daemon.UntilAsync("the daemon answers", async () => (await daemon.DockerAsync("version")).ExitCode == 0 ? "it does" : null);
        return daemon;
    }

    public Task<ShellResult> DockerAsync(params string[] arguments) => Shell.RunAsync("docker", arguments, ("DOCKER_HOST", Host));

    public async Task<string> DockerOkAsync(params string[] arguments)
    {
        var result = await DockerAsync(arguments);
        Assert.True(result.ExitCode == 0, $"docker {string.Join(' ', arguments)}: {result}\n{Log}");
        return result.Output;
    }

    public Task<T> UntilAsync<T>(string what, Func<Task<T?>> ask)
        where T : class => Waiting.UntilAsync(
            what, () => _process.HasExited ? throw new InvalidOperationException($"the daemon has ended with {_process.ExitCode}:\n{Log}") : ask(), () => Log);

    /// <summary>The status that it ends with.</summary>
    public async Task<int> ExitAsync()
    {
        using var limit = new CancellationTokenSource(StopLimit);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    public async Task SignalAsync(string signal) =>
        Assert.Equal(0, (await Shell.RunAsync("kill", [$"-{signal}", _process.Id.ToString(CultureInfo.InvariantCulture)])).ExitCode);

    public async Task<int> StopAsync(string signal = "TERM")
    {
        await SignalAsync(signal);
        return await ExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            var containers = (await DockerAsync("ps", "-aq")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            if (containers.Length > 0)
            {
                await DockerAsync(["rm", "-fv", .. containers]);
            }

            await StopAsync();
        }

        _process.Dispose();
    }
}

/// <summary>What the daemons of one test share: a folder, a network namespace, the link named dockerd, and an image to import.</summary>
internal sealed class DaemonRoom : IAsyncDisposable
{
    private readonly string _namespace = "dmn-" + Guid.NewGuid().ToString("N")[..8];

    private DaemonRoom()
    {
    }

    /// <summary>Short: a unix socket's path ends at 107 bytes.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("dmn-").FullName;

    public string NamespaceFile => "/run/netns/" + _namespace;

    public string Dockerd => Path.Combine(Folder, "dockerd");

    /// <summary>A program that starts the daemons, with its arguments.</summary>
    public IReadOnlyList<string> Prefix { get; set; } = [];

    public string Image => Path.Combine(Folder, "image.tar");

    public static async Task<DaemonRoom> OpenAsync()
    {
        var room = new DaemonRoom();
        await room.IpAsync("netns", "add", room._namespace);
        await room.IpAsync("-n", room._namespace, "link", "set", "lo", "up");
        File.CreateSymbolicLink(room.Dockerd, LabFixture.Binary);
        await using var file = File.Create(room.Image);
        await using var tar = new TarWriter(file);
        await tar.WriteEntryAsync("/bin/busybox", "bin/busybox");
        foreach (var tool in new[] { "sh", "echo", "sleep", "cat", "ping", "ulimit" })
        {
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.SymbolicLink, "bin/" + tool) { LinkName = "busybox" });
        }

        return room;
    }

    /// <summary>Runs a program where the daemons' networks are.</summary>
    public Task<ShellResult> InsideAsync(params string[] command) => Shell.RunAsync("nsenter", [$"--net={NamespaceFile}", .. command]);

    public async ValueTask DisposeAsync()
    {
        await IpAsync("netns", "del", _namespace);
        foreach (var mount in File.ReadLines("/proc/self/mounts").Select(line => line.Split(' ')[1]).Where(path => path.StartsWith(Folder + "/", StringComparison.Ordinal)).Reverse().ToList())
        {
            await Shell.RunAsync("umount", ["-l", mount]);
        }

        Directory.Delete(Folder, recursive: true);
    }

    private async Task IpAsync(params string[] arguments)
    {
        var result = await Shell.RunAsync("ip", arguments);
        Assert.True(result.ExitCode == 0, $"ip {string.Join(' ', arguments)}: {result}");
    }
}

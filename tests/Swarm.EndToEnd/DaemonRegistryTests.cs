using System.Diagnostics;

namespace Swarm.EndToEnd;

/// <summary>Debian's docker-registry as a mirror and as a registry of its own.</summary>
public sealed class DaemonRegistryTests : IAsyncLifetime
{
    private DaemonRoom _room = null!;
    private Process _registry = null!;

    public async Task InitializeAsync()
    {
        _room = await DaemonRoom.OpenAsync();
        var configuration = Path.Combine(_room.Folder, "registry.yml");
        await File.WriteAllTextAsync(configuration, $"version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {_room.Folder}/registry\nhttp:\n  addr: 127.0.0.1:5000\n");
        _registry = Process.Start(new ProcessStartInfo("nsenter", [$"--net={_room.NamespaceFile}", "docker-registry", "serve", configuration]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        await Waiting.UntilAsync(
            "the registry answers", async () => (await _room.InsideAsync("curl", "-sf", "http://127.0.0.1:5000/v2/")).ExitCode == 0 ? "it does" : null, () => $"ended: {_registry.HasExited}");
    }

    public async Task DisposeAsync()
    {
        _registry.Kill();
        await _registry.WaitForExitAsync();
        _registry.Dispose();
        await _room.DisposeAsync();
    }

    [Fact]
    public async Task A_mirror_is_asked_first_and_docker_hub_only_for_what_it_has_not()
    {
        await using var daemon = await DaemonProcess.RunAsync(_room, "a", "--bridge=none", "--registry-mirror", "http://127.0.0.1:5000");
        await daemon.DockerOkAsync("import", _room.Image, "127.0.0.1:5000/library/box:1");
        await daemon.DockerOkAsync("push", "127.0.0.1:5000/library/box:1");
        await daemon.DockerOkAsync("rmi", "127.0.0.1:5000/library/box:1");
        Assert.Contains("Downloaded newer image for box:1", await daemon.DockerOkAsync("pull", "box:1"), StringComparison.Ordinal);
        Assert.Equal("mirrored", await daemon.DockerOkAsync("run", "--rm", "box:1", "echo", "mirrored"));
        var missing = await daemon.DockerAsync("pull", "nowhere:1");
        Assert.NotEqual(0, missing.ExitCode);
        Assert.Contains("registry-1.docker.io", missing.Error, StringComparison.Ordinal);
    }
}

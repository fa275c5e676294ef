using Swarm.Engine.Images;

namespace Swarm.EndToEnd.Survival;

/// <summary>A daemon whose data root is on an ext4 of its own that is filled to the last block, and then has room again.</summary>
public sealed class FullDiskTests : IAsyncLifetime
{
    private const string NoSpace = "no space left on device";
    private DaemonRoom _room = null!;
    private DaemonProcess _daemon = null!;

    private string Disk => Path.Combine(_room.Folder, "d", "root");

    private string Filler => Path.Combine(Disk, "filler");

    public async Task InitializeAsync()
    {
        _room = await DaemonRoom.OpenAsync();
        Directory.CreateDirectory(Disk);
        var image = Path.Combine(_room.Folder, "disk.img");
        await RunAsync("truncate", "-s", "96M", image);
        await RunAsync("mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^resize_inode", "-J", "size=4", image);
        await RunAsync("mount", "-o", "loop,noatime", image, Disk);
        _daemon = await DaemonProcess.RunAsync(_room, "d");
        await _daemon.DockerOkAsync("import", _room.Image, "tools:1");
    }

    public async Task DisposeAsync()
    {
        File.Delete(Filler);
        await _daemon.DisposeAsync();
        await _room.DisposeAsync();
    }

    [Fact]
    public async Task Nothing_is_lost_or_left_behind_on_a_full_disk_and_all_goes_on_when_there_is_room()
    {
        var busybox = Path.Combine(_room.Folder, "busybox.tar");
        await using (var file = File.Create(busybox))
        {
            BusyboxImage.Write(file, "/bin/busybox", "busybox:latest");
        }

        var context = Directory.CreateDirectory(Path.Combine(_room.Folder, "context")).FullName;
        await File.WriteAllTextAsync(Path.Combine(context, "Dockerfile"), "FROM tools:1\nCOPY big /big\nRUN echo more > /more\n");
        await File.WriteAllBytesAsync(Path.Combine(context, "big"), new byte[1 << 20]);
        await _daemon.DockerOkAsync("run", "-d", "--name", "runs", "--net", "none", "tools:1", "sh", "-c", "echo before; while [ ! -e /go ]; do sleep 1; done; echo after; sleep 1000");
        await _daemon.DockerOkAsync("run", "-d", "--name", "ends", "--net", "none", "tools:1", "sleep", "1000");
        await _daemon.DockerOkAsync("create", "--name", "waits", "--net", "none", "tools:1", "sh", "-c", "echo started");
        await _daemon.DockerOkAsync("tag", "tools:1", "tools:2");
        var before = Files();

        await RefusedAsync("load", "-i", busybox);
        await RefusedAsync("import", _room.Image, "tools:3");
        await RefusedAsync("create", "--name", "new", "--net", "none", "tools:1", "echo");
        await RefusedAsync("commit", "runs", "committed:1");
        await RefusedAsync("build", "-t", "built:1", context);
        Assert.Equal(await IsDoneAsync("tag", "tools:1", "tools:4"), (await _daemon.DockerAsync("inspect", "tools:4")).ExitCode == 0);
        Assert.Equal(await IsDoneAsync("rename", "waits", "renamed") ? "renamed" : "waits", (await _daemon.DockerOkAsync("ps", "-a", "--filter", "status=created", "--format", "{{.Names}}")).Trim());
        var now = Files();
        Assert.Empty(before.Except(now));
        Assert.Empty(now.Except(before));
        Assert.Equal("running", await StateAsync("runs"));
        Assert.Equal("before", (await _daemon.DockerOkAsync("logs", "runs")).Trim());
        Assert.Equal("heard", (await _daemon.DockerOkAsync("exec", "runs", "echo", "heard")).Trim());
        await _daemon.DockerOkAsync("kill", "ends");
        Assert.Equal("exited", await StateAsync("ends"));

        // A disk is emptied by those who filled it: what is removed must go.
        await _daemon.DockerOkAsync("rm", "ends");
        File.Delete(Filler);

        await _daemon.DockerOkAsync("load", "-i", busybox);
        await _daemon.DockerOkAsync("build", "-t", "built:1", context);
        await _daemon.DockerOkAsync("commit", "runs", "committed:1");
        var created = (await _daemon.DockerOkAsync("ps", "-aq", "--filter", "status=created")).Trim();
        Assert.Equal("started", (await _daemon.DockerOkAsync("start", "-a", created)).Trim());
        await _daemon.DockerOkAsync("exec", "runs", "sh", "-c", "echo > /go");
        await _daemon.UntilAsync("its log goes on", async () => (await _daemon.DockerOkAsync("logs", "runs")).Contains("after", StringComparison.Ordinal) ? "it does" : null);
        await _daemon.DockerOkAsync("inspect", "tools:1", "tools:2", "busybox:latest", "committed:1", "built:1");
    }

    [Fact]
    public async Task Image_is_removed_from_a_full_disk()
    {
        await FillAsync();
        await _daemon.DockerOkAsync("rmi", "tools:1");
        Assert.Equal("", (await _daemon.DockerOkAsync("images", "-aq")).Trim());
        File.Delete(Filler);
        await _daemon.DockerOkAsync("import", _room.Image, "tools:1");
        Assert.Equal("again", (await _daemon.DockerOkAsync("run", "--rm", "--net", "none", "tools:1", "echo", "again")).Trim());
    }

    [Fact]
    public async Task A_start_that_finds_no_room_leaves_nothing_and_succeeds_when_there_is_some()
    {
        await _daemon.DockerOkAsync("create", "--name", "waits", "tools:1", "sh", "-c", "echo started");
        for (var attempt = 0; attempt < 3; attempt++)
        {
            await RefusedAsync("start", "waits");
            Assert.Equal("created", await StateAsync("waits"));
            Assert.Contains(NoSpace, await _daemon.DockerOkAsync("inspect", "-f", "{{.State.Error}}", "waits"), StringComparison.Ordinal);
            Assert.DoesNotContain(File.ReadLines("/proc/self/mounts"), mount => mount.Contains(Path.Combine(Disk, "rootfs"), StringComparison.Ordinal));
        }

        Assert.Equal("{}", (await _daemon.DockerOkAsync("network", "inspect", "-f", "{{json .Containers}}", "bridge")).Trim());
        File.Delete(Filler);
        Assert.Equal("started", (await _daemon.DockerOkAsync("start", "-a", "waits")).Trim());
    }

    // Guard: FileJournal.TryCompact; without it a member of a swarm came up without its swarm, and stayed so until its daemon was started once more.
    [Fact]
    public async Task A_daemon_that_starts_on_a_full_disk_serves_what_makes_room_and_works_when_there_is_some()
    {
        await _daemon.DockerOkAsync("swarm", "init", "--advertise-addr", "10.10.10.10", "--listen-addr", "127.0.0.1");
        await _daemon.DockerOkAsync("service", "create", "--quiet", "--name", "serves", "--network", "host", "tools:1", "sleep", "1000");
        await _daemon.DockerOkAsync("run", "-d", "--name", "runs", "--restart", "always", "tools:1", "sh", "-c", "echo before; sleep 1000");
        await _daemon.DockerOkAsync("run", "-d", "--name", "ends", "tools:1", "sleep", "1000");
        await _daemon.DockerOkAsync("create", "--name", "waits", "tools:1", "echo", "started");
        await _daemon.DockerOkAsync("import", _room.Image, "other:1");
        var task = (await _daemon.DockerOkAsync("ps", "-q", "--filter", "label=com.docker.swarm.service.name=serves")).Trim();
        var ends = (await _daemon.DockerOkAsync("inspect", "-f", "{{.State.Pid}}", "ends")).Trim();
        await FillAsync();
        await using (var before = _daemon)
        {
            await before.SignalAsync("KILL");
            await before.ExitAsync();
        }

        // Guard: ShimLoop.ExitName; without it nobody knew how a container ended that found no room for its exit.
        await FillAsync();
        await RunAsync("kill", "-KILL", ends);
        await FillAsync();

        _daemon = await DaemonProcess.RunAsync(_room, "d");
        Assert.Contains("The disk is full", _daemon.Log, StringComparison.Ordinal);
        Assert.Equal("running", await StateAsync("runs"));
        Assert.Equal("before", (await _daemon.DockerOkAsync("logs", "runs")).Trim());
        Assert.Equal("heard", (await _daemon.DockerOkAsync("exec", "runs", "echo", "heard")).Trim());
        Assert.Equal("exited 137", (await _daemon.DockerOkAsync("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "ends")).Trim());
        Assert.Equal("running", await StateAsync(task));
        await RefusedAsync("start", "waits");
        await FillAsync();
        await _daemon.DockerOkAsync("rm", "ends");
        await FillAsync();
        await _daemon.DockerOkAsync("rmi", "other:1");
        File.Delete(Filler);

        Assert.Equal("started", (await _daemon.DockerOkAsync("start", "-a", "waits")).Trim());
        await _daemon.UntilAsync("the swarm writes again", async () => (await _daemon.DockerAsync("service", "scale", "--detach", "serves=2")).ExitCode == 0 ? "it does" : null);
        await _daemon.UntilAsync("two tasks run", async () => (await _daemon.DockerAsync("service", "ls", "--format", "{{.Replicas}}")).Output == "2/2" ? "they do" : null);
        Assert.Equal("running", await StateAsync(task));
        await _daemon.DockerOkAsync("service", "rm", "serves");
        await _daemon.DockerOkAsync("swarm", "leave", "--force");
    }

    private async Task RefusedAsync(params string[] command) => Assert.False(await IsDoneAsync(command), $"docker {string.Join(' ', command)} was not refused");

    /// <summary>On a disk filled anew. What needs a block at most may find one that was given back; what does not is refused in Docker's words.</summary>
    private async Task<bool> IsDoneAsync(params string[] command)
    {
        await FillAsync();
        var result = await Shell.RunAsync("docker", command, ("DOCKER_HOST", _daemon.Host), ("DOCKER_BUILDKIT", "0"));
        Assert.True(result.ExitCode == 0 || result.ToString().Contains(NoSpace, StringComparison.Ordinal), $"docker {string.Join(' ', command)}: {result}\n{_daemon.Log}");
        return result.ExitCode == 0;
    }

    private async Task<string> StateAsync(string container) =>
        (await _daemon.DockerOkAsync("inspect", "-f", "{{.State.Status}}", container)).Trim();

    /// <summary>Of images, containers and builds, without what containers write.</summary>
    private List<string> Files() =>
        [.. new[] { "blobs", "layers", "rootfs", "containers", "build", "images" }.Select(folder => Path.Combine(Disk, folder)).Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFileSystemEntries(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }))
            .Where(path => !Path.GetRelativePath(Disk, path).Split(Path.DirectorySeparatorChar)[..^1].Any(part => part is "merged" or "work")).Order(StringComparer.Ordinal)];

    /// <summary>Until not one block is left; what was freed meanwhile, too.</summary>
    private async Task FillAsync()
    {
        foreach (var block in new[] { "1M", "4k", "4k" })
        {
            await Shell.RunAsync("sh", ["-c", $"dd if=/dev/zero bs={block} oflag=append conv=notrunc,fsync of={Filler} 2>/dev/null; sync -f {Disk}"]);
        }
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        var result = await Shell.RunAsync(program, arguments);
        Assert.True(result.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {result}");
    }
}

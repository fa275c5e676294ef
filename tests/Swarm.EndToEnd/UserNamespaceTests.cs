using System.Globalization;

namespace Swarm.EndToEnd;

/// <summary>--userns-remap: root in a container is nobody on the host, and everything that touches files agrees about it.</summary>
public sealed class UserNamespaceTests : IAsyncLifetime
{
    private const int First = 200_000;
    private DaemonRoom _room = null!;

    public async Task InitializeAsync()
    {
        _room = await DaemonRoom.OpenAsync();

        // The containers' root has to come through to the data root.
        File.SetUnixFileMode(_room.Folder, File.GetUnixFileMode(_room.Folder) | UnixFileMode.OtherExecute);
        await File.WriteAllTextAsync(Path.Combine(_room.Folder, "ids"), $"nobody:{First}:65536\n");
    }

    public async Task DisposeAsync() => await _room.DisposeAsync();

    [Fact]
    public async Task Root_of_a_container_is_nobody_on_the_host()
    {
        await using var daemon = await RunAsync();
        Assert.Equal($"{daemon.DataRoot}/{First}.{First}", await daemon.DockerOkAsync("info", "-f", "{{.DockerRootDir}}"));
        Assert.Contains("name=userns", await daemon.DockerOkAsync("info", "-f", "{{.SecurityOptions}}"), StringComparison.Ordinal);
        var bound = Directory.CreateDirectory(Path.Combine(_room.Folder, "bound")).FullName;
        File.SetUnixFileMode(bound, (UnixFileMode)0x1FF);
        var map = await daemon.DockerOkAsync("run", "-v", $"{bound}:/bound", "-v", "vol:/vol", "--name", "one", "box", "sh", "-c", "cat /proc/self/uid_map; echo x >/bound/f; echo x >/vol/f; echo x >/f; echo said >/dev/stderr");
        Assert.Equal(["0", $"{First}", "65536"], map.Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        var root = $"{daemon.DataRoot}/{First}.{First}/rootfs/{await daemon.DockerOkAsync("inspect", "-f", "{{.Id}}", "one")}/upper";
        var volume = await daemon.DockerOkAsync("volume", "inspect", "-f", "{{.Mountpoint}}", "vol");
        foreach (var path in new[] { $"{bound}/f", $"{root}/f", volume, $"{volume}/f" })
        {
            Assert.Equal((First, First), await OwnerAsync(path));
        }

        // Out of the container and into an image go the container's own ids.
        Assert.Equal("0 0", await EntryOwnerAsync(daemon, "cp", "one:/f", "-"));
        Assert.Equal("0 0", await EntryOwnerAsync(daemon, "export", "one"));
    }

    [Fact]
    public async Task Its_network_is_its_own_and_containers_share_it_with_their_rights()
    {
        await using var daemon = await RunAsync();
        await daemon.DockerOkAsync("run", "-d", "--name", "donor", "--cap-add", "NET_ADMIN", "box", "sleep", "1000");
        await daemon.DockerOkAsync("exec", "donor", "/bin/busybox", "ip", "addr", "add", "10.1.2.3/32", "dev", "lo");
        Assert.Contains("10.1.2.3", await daemon.DockerOkAsync("run", "--rm", "--network", "container:donor", "--cap-add", "NET_ADMIN", "box", "sh", "-c", "/bin/busybox ip link set lo mtu 4000; /bin/busybox ip addr show lo"), StringComparison.Ordinal);
        Assert.Contains("4000", await daemon.DockerOkAsync("exec", "donor", "/bin/busybox", "ip", "addr", "show", "lo"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Copies_commits_and_builds_keep_the_owners()
    {
        await using var daemon = await RunAsync();
        await daemon.DockerOkAsync("create", "--name", "one", "box", "sleep", "1");
        var file = Path.Combine(_room.Folder, "file");
        await File.WriteAllTextAsync(file, "x");
        await daemon.DockerOkAsync("cp", file, "one:/copied");
        await daemon.DockerOkAsync("commit", "one", "two");
        Assert.Equal("0 0", await daemon.DockerOkAsync("run", "--rm", "two", "/bin/busybox", "stat", "-c", "%u %g", "/copied"));

        var context = Directory.CreateDirectory(Path.Combine(_room.Folder, "context")).FullName;
        await File.WriteAllTextAsync(Path.Combine(context, "Dockerfile"), "FROM box\nWORKDIR /made\nCOPY --chown=7:8 Dockerfile /made/a\nCOPY Dockerfile /made/b\nRUN echo x >/made/c\n");
        Assert.Equal(0, (await Shell.RunAsync("docker", ["build", "-t", "three", context], ("DOCKER_HOST", daemon.Host), ("DOCKER_BUILDKIT", "0"))).ExitCode);
        Assert.Equal("0 0\n7 8\n0 0\n0 0", await daemon.DockerOkAsync("run", "--rm", "three", "/bin/busybox", "stat", "-c", "%u %g", "/made", "/made/a", "/made/b", "/made/c"));
    }

    [Fact]
    public async Task What_needs_the_hosts_root_asks_for_the_hosts_namespace()
    {
        await using var daemon = await RunAsync();
        foreach (var (flag, refusal) in new[] { ("--privileged", "privileged mode is incompatible with user namespaces"), ("--network=host", "cannot share the host's network namespace"), ("--pid=host", "cannot share the host PID namespace") })
        {
            var refused = await daemon.DockerAsync("run", "--rm", flag, "box", "echo");
            Assert.Contains(refusal, refused.Error, StringComparison.Ordinal);
            Assert.Equal(125, refused.ExitCode);
            Assert.Equal("0 0 4294967295", string.Join(' ', (await daemon.DockerOkAsync("run", "--rm", "--userns=host", flag, "box", "cat", "/proc/self/uid_map")).Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        }
    }

    [Fact]
    public async Task A_user_without_ids_is_refused_at_the_start()
    {
        var daemon = DaemonProcess.Start(_room, "r", "--userns-remap", "daemon:daemon");
        Assert.Equal(1, await daemon.ExitAsync());
        Assert.Contains("no subuid ranges found for user \"daemon\"", daemon.Log, StringComparison.Ordinal);
    }

    /// <summary>A daemon that sees other files of subordinate ids than the machine's.</summary>
    private async Task<DaemonProcess> RunAsync()
    {
        var ids = Path.Combine(_room.Folder, "ids");
        _room.Prefix = ["unshare", "-m", "sh", "-c", $"mount --bind {ids} /etc/subuid && mount --bind {ids} /etc/subgid && exec \"$@\"", "sh"];
        var daemon = await DaemonProcess.RunAsync(_room, "u", "--userns-remap", "nobody:nogroup");
        await daemon.DockerOkAsync("import", _room.Image, "box");
        return daemon;
    }

    private static async Task<(int Uid, int Gid)> OwnerAsync(string path)
    {
        var said = await Shell.RunAsync("stat", ["-c", "%u %g", path]);
        Assert.True(said.ExitCode == 0, $"{said}");
        var ids = said.Output.Trim().Split(' ').Select(id => int.Parse(id, CultureInfo.InvariantCulture)).ToArray();
        return (ids[0], ids[1]);
    }

    /// <summary>Owner of the file f in the archive that docker writes.</summary>
    private static async Task<string> EntryOwnerAsync(DaemonProcess daemon, params string[] command)
    {
        var said = await Shell.RunAsync("sh", ["-c", $"docker {string.Join(' ', command)} | tar -tv --numeric-owner | awk '$6 == \"f\" {{ print $2 }}'"], ("DOCKER_HOST", daemon.Host));
        return said.Output.Trim().Replace('/', ' ');
    }
}

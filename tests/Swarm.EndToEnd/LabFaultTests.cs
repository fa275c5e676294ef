using System.Net;
using System.Net.Sockets;
using System.Text;
using Swarm.Lab;
using Swarm.Lab.Disks;
using Swarm.Lab.Nodes;
using Swarm.Lab.Processes;
using Swarm.Linux;
using LabApi = Swarm.Lab.Lab;

namespace Swarm.EndToEnd;

/// <summary>A small lab with disks of its own. Each scenario leaves it whole.</summary>
public sealed class FaultLab : IAsyncLifetime
{
    public const string Name = "faults";

    public LabHost Host { get; } = LabHost.Default(TimeProvider.System);

    public LabApi Lab { get; private set; } = null!;

    public static LabOptions Options(string name, int workers) =>
        new() { Name = name, Managers = 1, Workers = workers, Binary = LabFixture.Binary, DiskBytes = 128L << 20 };

    public async Task InitializeAsync()
    {
        await DownAsync(Name);
        Lab = await LabApi.UpAsync(Host, Options(Name, workers: 1), _ => { }, CancellationToken.None);
    }

    public Task DisposeAsync() => DownAsync(Name);

    public async Task DownAsync(string name)
    {
        if (LabApi.Names(Host).Contains(name))
        {
            await LabApi.DownAsync(Host, name, CancellationToken.None);
        }
    }
}

/// <summary>Each fault of a lab does what its name says, and no more.</summary>
public sealed class LabFaultTests(FaultLab faults) : IClassFixture<FaultLab>
{
    private const int ProbePort = 40_404;
    private const int NoSpace = 28, InputOutput = 5;

    /// <summary>Only ever reached by a test that fails.</summary>
    private const int ReceiveLimitMilliseconds = 30_000;

    private LabApi Lab => faults.Lab;

    [Fact]
    public async Task A_cut_is_one_way()
    {
        using var m1 = Probe("m1");
        using var w1 = Probe("w1");
        await Lab.CutAsync([("m1", "w1")], CancellationToken.None);
        Send(m1, "w1", "lost");
        Send(w1, "m1", "heard");
        Assert.Equal("heard", Receive(m1));

        // Packets of one path keep their order: had the first one come through, it would be the first that is received.
        await Lab.HealAsync(CancellationToken.None);
        Send(m1, "w1", "after");
        Assert.Equal("after", Receive(w1));
    }

    [Fact]
    public async Task A_node_that_was_off_comes_back_into_its_cut()
    {
        await Lab.KillAsync(["w1"], daemonOnly: false, CancellationToken.None);
        await Lab.CutAsync([("m1", "w1")], CancellationToken.None);
        await Lab.RestartAsync(["w1"], CancellationToken.None);
        using var m1 = Probe("m1");
        using var w1 = Probe("w1");
        Send(m1, "w1", "lost");
        await Lab.HealAsync(CancellationToken.None);
        Send(m1, "w1", "after");
        Assert.Equal("after", Receive(w1));
    }

    [Fact]
    public async Task Half_of_the_packets_are_lost_in_both_directions()
    {
        const int Count = 200;
        using var m1 = Probe("m1");
        using var w1 = Probe("w1");
        await Lab.LossAsync(0.5, ["w1"], CancellationToken.None);
        for (var i = 0; i < Count; i++)
        {
            Send(m1, "w1", "packet");
            Send(w1, "m1", "packet");
        }

        await Lab.HealAsync(CancellationToken.None);
        Send(m1, "w1", "end");
        Send(w1, "m1", "end");

        // Seven standard deviations to either side of one half: one run in 10^11 strays further by chance.
        Assert.InRange(Until(w1, "end"), (Count / 2) - 50, (Count / 2) + 50);
        Assert.InRange(Until(m1, "end"), (Count / 2) - 50, (Count / 2) + 50);
    }

    [Fact]
    public async Task A_power_cut_loses_what_was_not_synced_and_keeps_an_acknowledged_service()
    {
        var data = Lab.Paths("m1").Data;
        string acknowledged;
        Write(Path.Combine(data, "synced"), sync: true);
        using (var client = Lab.Connect("m1"))
        {
            acknowledged = (await client.CreateServiceAsync(Specs.Sleepers("kept", 0), LabFixture.Soon())).ID;
        }

        Write(Path.Combine(data, "late"), sync: false);
        await Lab.PowerCutAsync(["m1"], CancellationToken.None);
        Assert.Equal((NodeCondition.Off, DiskState.Off), (Lab.Condition("m1"), Lab.Disk("m1")));
        Assert.Empty(Lab.Processes("m1"));
        Assert.False(Directory.Exists(Lab.Paths("m1").Run));

        await Lab.RestartAsync(["m1"], CancellationToken.None);
        Assert.Equal("content", File.ReadAllText(Path.Combine(data, "synced")));
        Assert.False(File.Exists(Path.Combine(data, "late")) && File.ReadAllText(Path.Combine(data, "late")) == "content");
        using (var client = Lab.Connect("m1"))
        {
            await UntilAsync("m1 leads again", async () => (await client.ServicesAsync(LabFixture.Soon())).Any(s => s.ID == acknowledged));
            await client.RemoveServiceAsync(acknowledged, LabFixture.Soon());
        }
    }

    [Fact]
    public async Task On_a_full_disk_a_write_finds_no_space_until_it_is_freed()
    {
        var file = Path.Combine(Lab.Paths("w1").Data, "probe");
        await Lab.FillDiskAsync("w1", CancellationToken.None);
        Assert.Equal(DiskState.Full, Lab.Disk("w1"));
        Assert.Equal(NoSpace, ErrorOfWriting(file));
        await Lab.FreeDiskAsync("w1", CancellationToken.None);
        Assert.Equal(DiskState.Sound, Lab.Disk("w1"));
        Assert.Equal(0, ErrorOfWriting(file));
        File.Delete(file);
    }

    [Fact]
    public async Task On_a_broken_disk_every_write_fails_while_the_daemon_lives_and_a_restart_repairs_it()
    {
        var file = Path.Combine(Lab.Paths("w1").Data, "probe");
        await Lab.BreakDiskAsync("w1", CancellationToken.None);
        Assert.Equal((NodeCondition.Running, DiskState.Broken), (Lab.Condition("w1"), Lab.Disk("w1")));
        Assert.Equal(InputOutput, ErrorOfWriting(file));
        await Lab.RestartAsync(["w1"], CancellationToken.None);
        Assert.Equal((NodeCondition.Running, DiskState.Sound), (Lab.Condition("w1"), Lab.Disk("w1")));
        Assert.Equal(0, ErrorOfWriting(file));
        File.Delete(file);
    }

    [Fact]
    public async Task A_wiped_node_knows_nothing_and_may_join_again()
    {
        var file = Path.Combine(Lab.Paths("w1").Data, "probe");
        Write(file, sync: true);
        await Lab.WipeDiskAsync("w1", CancellationToken.None);
        Assert.Equal(NodeCondition.Off, Lab.Condition("w1"));
        await Lab.RestartAsync(["w1"], CancellationToken.None);
        Assert.False(File.Exists(file));
        using var client = Lab.Connect("w1");
        Assert.Equal("inactive", (await client.InfoAsync(LabFixture.Soon())).Swarm?.LocalNodeState);
        await Lab.RejoinAsync("w1", "/bin/busybox", CancellationToken.None);
        Assert.Equal("active", (await client.InfoAsync(LabFixture.Soon())).Swarm?.LocalNodeState);
    }

    [Fact]
    public async Task A_moved_node_answers_at_another_address_also_after_a_power_cut()
    {
        var before = Lab.Address("w1");
        var after = await Lab.MoveAsync("w1", CancellationToken.None);
        Assert.NotEqual(before, after);
        Assert.Equal(after, Lab.Address("w1"));
        await Lab.KillAsync(["w1"], daemonOnly: false, CancellationToken.None);
        await Lab.RestartAsync(["w1"], CancellationToken.None);
        using var m1 = Probe("m1");
        using var w1 = Probe("w1");
        Send(m1, "w1", "found");
        Assert.Equal("found", Receive(w1));
    }

    [Fact]
    public async Task A_paused_node_has_no_process_that_is_not_stopped()
    {
        await Lab.PauseAsync(["m1", "w1"], CancellationToken.None);
        Assert.All(Lab.Processes("m1").Concat(Lab.Processes("w1")), process => Assert.True(process.Stopped, process.ToString()));
        await Lab.ResumeAsync(["m1", "w1"], CancellationToken.None);
        Assert.All(Lab.Processes("m1").Concat(Lab.Processes("w1")), process => Assert.False(process.Stopped, process.ToString()));
    }

    [Fact]
    public async Task A_squeezed_node_s_daemon_is_in_a_group_with_a_quota_also_after_a_restart()
    {
        await Lab.SqueezeAsync("w1", 20, CancellationToken.None);
        await Lab.RestartAsync(["w1"], CancellationToken.None);
        var paths = Lab.Paths("w1");
        Assert.Contains($"/{paths.CgroupParent}/lab-daemon", ProcFs.Cgroups(Lab.Record.Node("w1").Daemon!.Pid));
        Assert.Equal("20000", Quota(paths));
        await Lab.SqueezeAsync("w1", 0, CancellationToken.None);
        Assert.Contains(Quota(paths), new[] { "-1", "max" });
    }

    [Fact]
    public async Task Down_leaves_no_device_mount_or_namespace_of_a_lab_whose_disks_are_broken_and_full_and_whose_nodes_hang()
    {
        const string Name = "faults-down";
        await faults.DownAsync(Name);
        var before = Trace(Name);
        var lab = await LabApi.UpAsync(faults.Host, FaultLab.Options(Name, workers: 1), _ => { }, CancellationToken.None);
        var loops = Loops(Name);
        await lab.FillDiskAsync("m1", CancellationToken.None);
        await lab.BreakDiskAsync("w1", CancellationToken.None);
        await lab.CutAsync([("m1", "w1")], CancellationToken.None);
        await lab.PauseAsync(["m1", "w1"], CancellationToken.None);
        await LabApi.DownAsync(faults.Host, Name, CancellationToken.None);
        Assert.Equal(2, loops.Count);
        Assert.Equal("", before);
        Assert.Equal("", Trace(Name));
    }

    /// <summary>What stands of a lab: loop devices, mounts, namespaces, folders, processes.</summary>
    private static string Trace(string lab) => string.Join('\n',
    [
        .. Loops(lab),
        .. MountTable.Read().Where(m => m.Target.Contains($"/{lab}/", StringComparison.Ordinal) || m.Target.Contains($"swarm-{lab}-", StringComparison.Ordinal)).Select(m => m.Target),
        .. Directory.EnumerateFileSystemEntries(MountTable.NamespaceFolder, $"swarm-{lab}-*"),
        .. new[] { $"/var/lib/swarm/labs/{lab}", $"/run/swarm/labs/{lab}" }.Where(Directory.Exists),
        .. ProcFs.All().Where(p => !p.Dead && ProcFs.Cgroups(p.Identity.Pid).Any(c => c.Contains($"swarm-{lab}/", StringComparison.Ordinal))).Select(p => p.ToString()),
    ]);

    private static List<string> Loops(string lab) =>
        [.. Directory.EnumerateDirectories("/sys/block", "loop*").Select(d => Path.Combine(d, "loop", "backing_file")).Where(File.Exists)
            .Select(File.ReadAllText).Where(file => file.Contains($"/labs/{lab}/", StringComparison.Ordinal))];

    private static string Quota(LabPaths paths)
    {
        var roots = MountTable.Read().Where(m => m.Type is "cgroup" or "cgroup2").Select(m => Path.Combine(m.Target, paths.CgroupParent));
        var file = roots.SelectMany(r => new[] { Path.Combine(r, "cpu.cfs_quota_us"), Path.Combine(r, "cpu.max") }).First(File.Exists);
        return File.ReadAllText(file).Split(' ')[0].Trim();
    }

    private static void Write(string path, bool sync)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write);
        file.Write("content"u8);
        file.Flush(flushToDisk: sync);
    }

    /// <summary>0, or the errno of writing and syncing a megabyte.</summary>
    private static int ErrorOfWriting(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
            file.Write(new byte[1 << 20]);
            file.Flush(flushToDisk: true);
            return 0;
        }
        catch (IOException e)
        {
            return e.HResult;
        }
    }

    private Socket Probe(string node)
    {
        using var space = NetworkNamespace.Open(Path.Combine(MountTable.NamespaceFolder, Lab.Paths(node).Namespace));
        var socket = space.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        socket.ReceiveTimeout = ReceiveLimitMilliseconds;
        socket.Bind(new IPEndPoint(Lab.Address(node), ProbePort));
        return socket;
    }

    private void Send(Socket from, string to, string text) => from.SendTo(Encoding.ASCII.GetBytes(text), new IPEndPoint(Lab.Address(to), ProbePort));

    private static string Receive(Socket socket)
    {
        var buffer = new byte[64];
        return Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
    }

    /// <summary>Packets before the one that says <paramref name="last"/>.</summary>
    private static int Until(Socket socket, string last)
    {
        var count = 0;
        while (Receive(socket) != last)
        {
            count++;
        }

        return count;
    }

    private static Task UntilAsync(string what, Func<Task<bool>> ask) => Waiting.UntilAsync(what, async () => await ask() ? "so" : null, () => "");
}

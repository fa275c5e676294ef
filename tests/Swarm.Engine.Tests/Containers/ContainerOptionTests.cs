using System.Text;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Exec;
using Swarm.Engine.Health;
using Swarm.Engine.Logs;
using Swarm.Engine.Tests.Archives;
using Swarm.Engine.Tests.Layers;

namespace Swarm.Engine.Tests.Containers;

/// <summary>Options of real containers, seen from inside.</summary>
public sealed class ContainerOptionTests
{
    private static readonly LogRequest Everything = new(true, true, Follow: false, Timestamps: false, null, null, null);

    [RootFact]
    public async Task An_init_reaps_and_passes_on_the_exit_code()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var (exit, output) = await RunAsync(fixture, "echo $$; (exit 0) & exit 9", new HostConfig { Init = true });
        Assert.Equal(9, exit);
        Assert.NotEqual("1", output.Trim());
    }

    [RootFact]
    public async Task A_container_joins_anothers_pids_and_shared_memory()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var owner = await fixture.RunAsync("echo shared > /dev/shm/f; sleep 1000", new HostConfig { IpcMode = "shareable" });
        var (_, output) = await RunAsync(
            fixture, "while [ ! -e /dev/shm/f ]; do sleep 0.05; done; cat /dev/shm/f; tr '\\0' ' ' < /proc/1/cmdline", new HostConfig { PidMode = "container:" + owner.Id, IpcMode = "container:" + owner.Id });
        Assert.StartsWith("shared", output, StringComparison.Ordinal);
        Assert.Contains("sleep 1000", output, StringComparison.Ordinal);
        var closed = await fixture.RunAsync("sleep 1000");
        var refused = await fixture.CreateAsync("true", new HostConfig { IpcMode = "container:" + closed.Id });
        Assert.Contains("non-shareable IPC", (await Assert.ThrowsAsync<EngineException>(() => fixture.Engine.StartAsync(refused, CancellationToken.None))).Message, StringComparison.Ordinal);
    }

    [RootFact]
    public async Task What_is_mounted_below_a_read_only_bind_is_read_only_unless_asked_for_otherwise()
    {
        using var folder = new TemporaryFolder();
        var below = folder.Make("below");
        Tar.Run("mount", "-t", "tmpfs", "tmpfs", below);
        try
        {
            await using var fixture = await EngineFixture.StartAsync();
            var bind = new MountRequest { Type = "bind", Source = Path.GetDirectoryName(below), Target = "/x", ReadOnly = true };
            foreach (var host in new[]
                {
                    new HostConfig { Mounts = [bind] },
                    new HostConfig { Mounts = [bind with { BindOptions = new BindOptions { ReadOnlyForceRecursive = true } }] },
                    new HostConfig { Binds = [$"{bind.Source}:/x:ro"] },
                })
            {
                Assert.Equal(1, (await RunAsync(fixture, "echo > /x/below/f || exit 1", host)).ExitCode);
            }

            var shallow = new HostConfig { Mounts = [bind with { BindOptions = new BindOptions { ReadOnlyNonRecursive = true } }] };
            Assert.Equal(0, (await RunAsync(fixture, "echo > /x/below/f && ! echo > /x/f", shallow)).ExitCode);
            foreach (var options in new[] { new BindOptions { ReadOnlyNonRecursive = true }, new BindOptions { ReadOnlyForceRecursive = true } })
            {
                var writable = new HostConfig { Mounts = [bind with { ReadOnly = false, BindOptions = options }] };
                Assert.Equal(400, (await Assert.ThrowsAsync<EngineException>(() => fixture.CreateAsync("true", writable))).Status);
            }
        }
        finally
        {
            Tar.Run("umount", "-l", below);
        }
    }

    [RootFact]
    public async Task A_volume_of_another_container_stays_when_only_one_of_them_goes()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var first = await fixture.Engine.CreateAsync(
            "first",
            new ContainerCreateRequest { Image = "busybox", Cmd = ["/bin/busybox", "true"], Volumes = new() { ["/v"] = new() }, HostConfig = new HostConfig { NetworkMode = "host" } },
            CancellationToken.None);
        var second = await fixture.CreateAsync("true", new HostConfig { VolumesFrom = ["first:ro"] });
        var mount = Assert.Single(second.Record.Mounts);
        Assert.Equal((first.Record.Mounts[0].Name, true), (mount.Name, mount.ReadOnly));
        await fixture.Engine.RemoveAsync(first, false, removeVolumes: true, CancellationToken.None);
        Assert.NotNull(fixture.Engine.Volumes.Find(mount.Name));
        await fixture.Engine.RemoveAsync(second, false, removeVolumes: true, CancellationToken.None);
        Assert.Null(fixture.Engine.Volumes.Find(mount.Name));
    }

    [RootFact]
    public async Task A_privileged_container_sees_devices_and_an_unprivileged_one_only_what_it_was_given()
    {
        await using var fixture = await EngineFixture.StartAsync();
        const string look = "[ -e /dev/kmsg ] && echo kmsg; [ -e /dev/mine ] && echo mine; grep CapEff /proc/self/status";
        var (_, plain) = await RunAsync(fixture, look, new HostConfig { Devices = [new DeviceMapping { PathOnHost = "/dev/null", PathInContainer = "/dev/mine", CgroupPermissions = "r" }] });
        var (_, privileged) = await RunAsync(fixture, look, new HostConfig { Privileged = true });
        Assert.DoesNotContain("kmsg", plain, StringComparison.Ordinal);
        Assert.Contains("mine", plain, StringComparison.Ordinal);
        Assert.Contains("kmsg", privileged, StringComparison.Ordinal);
    }

    [RootFact]
    public async Task Health_is_probed_in_the_container_and_told()
    {
        await using var fixture = await EngineFixture.StartAsync();
        using var events = fixture.Engine.Events.Subscribe();
        var container = await fixture.Engine.CreateAsync(
            "",
            new ContainerCreateRequest
            {
                Image = "busybox",
                Cmd = ["/bin/busybox", "sleep", "1000"],
                Healthcheck = new HealthConfig { Test = ["CMD", "/bin/busybox", "sh", "-c", "echo probed; [ -e /tmp/well ]"], Interval = 50_000_000, Retries = 1 },
                HostConfig = new HostConfig { NetworkMode = "host" },
            },
            CancellationToken.None);
        await fixture.Engine.StartAsync(container, CancellationToken.None);
        using var deadline = new CancellationTokenSource(EngineFixture.Deadline);
        await UntilAsync(events, "health_status: unhealthy", deadline.Token);
        Assert.Equal("probed\n", container.Health!.Log[0].Output);
        await File.WriteAllTextAsync(Path.Combine(fixture.Roots.Mount(container.Id), "tmp/well"), "", deadline.Token);
        await UntilAsync(events, "health_status: healthy", deadline.Token);
        Assert.Equal((HealthState.Healthy, 0), (container.Health.Status, container.Health.FailingStreak));
    }

    [RootFact]
    public async Task An_exec_with_a_terminal_speaks_in_frames_to_a_client_that_did_not_ask_for_a_terminals_stream()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.RunAsync("sleep 1000");
        var execs = new ExecEngine(fixture.Engine, TimeProvider.System);
        var exec = execs.Create(container, new ExecCreateRequest { Cmd = ["/bin/busybox", "echo", "said"], Tty = true, AttachStdout = true });
        await using var client = new DuplexMemory("");
        var session = await execs.StartAsync(exec, new ExecStartRequest(), CancellationToken.None);
        await session!.RunAsync(client, CancellationToken.None).WaitAsync(EngineFixture.Deadline);
        Assert.Equal("said\r\n", client.Payloads());

        var nobody = Assert.Throws<EngineException>(() => execs.Create(container, new ExecCreateRequest { Cmd = ["true"], User = "no-such-user" }));
        Assert.Equal((400, "unable to find user no-such-user: no matching entries in passwd file"), (nobody.Status, nobody.Message));
    }

    [RootFact]
    public async Task An_update_reaches_the_running_container_and_its_stats()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.RunAsync("sleep 1000", new HostConfig { Memory = 64 << 20 });
        Assert.Equal(64ul << 20, fixture.Engine.Sample(container).MemoryStats.Limit);
        await fixture.Engine.UpdateAsync(container, new HostConfig { Memory = 32 << 20, MemorySwap = 64 << 20, PidsLimit = 50 }, CancellationToken.None);
        var stats = fixture.Engine.Sample(container);
        Assert.Equal((32ul << 20, 50ul), (stats.MemoryStats.Limit, stats.PidsStats.Limit));
        Assert.True(stats.CpuStats.SystemCpuUsage > 0 && stats.PidsStats.Current >= 1);
    }

    [RootFact]
    public async Task A_quota_of_minus_one_takes_the_quota_away()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.RunAsync("sleep 1000", new HostConfig { CpuQuota = -1 });
        var before = Quota();
        foreach (var (asked, seen) in new[] { (15000L, "15000"), (-1, before), (20000, "20000"), (-1, before) })
        {
            await fixture.Engine.UpdateAsync(container, new HostConfig { CpuQuota = asked }, CancellationToken.None);
            Assert.Equal(seen, Quota());
            Assert.Equal(asked, container.Record.HostConfig.CpuQuota);
        }

        string Quota()
        {
            var group = fixture.Engine.Cgroups.FolderOf("cpu", fixture.Engine.Specs.CgroupPath(container.Record));
            return File.ReadAllText(Path.Combine(group, fixture.Engine.Cgroups.Mode == Runtime.CgroupMode.V2 ? "cpu.max" : "cpu.cfs_quota_us")).Split(' ')[0].Trim();
        }
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(EngineFixture fixture, string script, HostConfig host)
    {
        var container = await fixture.CreateAsync(script, host);
        var exit = container.NextExit;
        await fixture.Engine.StartAsync(container, CancellationToken.None);
        var code = (await exit.WaitAsync(EngineFixture.Deadline)).ExitCode;
        var text = new StringBuilder();
        await foreach (var line in fixture.Engine.Logs(container).ReadAsync(Everything, CancellationToken.None))
        {
            text.Append(Encoding.UTF8.GetString(line.Text.Span));
        }

        return (code, text.ToString());
    }

    private static async Task UntilAsync(Events.EventSubscription events, string action, CancellationToken cancellation)
    {
        await foreach (var message in events.Live.ReadAllAsync(cancellation))
        {
            if (message.Action == action)
            {
                return;
            }
        }
    }
}

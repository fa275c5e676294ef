using System.Net;
using System.Text.Json;

namespace Swarm.EndToEnd;

/// <summary>A daemon in Docker's place: how it is started, told to change, and ended.</summary>
public sealed class DaemonFlagsTests : IAsyncLifetime
{
    private DaemonRoom _room = null!;

    public async Task InitializeAsync() => _room = await DaemonRoom.OpenAsync();

    public async Task DisposeAsync() => await _room.DisposeAsync();

    [Fact]
    public async Task As_a_test_harness_starts_it_it_comes_up_and_ends_with_0()
    {
        await using var daemon = await DaemonProcess.RunAsync(_room, "a", "--storage-driver", "overlay2", "--debug", "--bridge", "none", "--oom-score-adjust=-500");
        Assert.Equal($"{daemon.DataRoot} overlay2 true", await daemon.DockerOkAsync("info", "-f", "{{.DockerRootDir}} {{.Driver}} {{.Debug}}"));
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(daemon.DataRoot, "engine-id")), await daemon.DockerOkAsync("info", "-f", "{{.ID}}"));
        Assert.Equal("host\nnone", await daemon.DockerOkAsync("network", "ls", "--format", "{{.Name}}"));
        await daemon.DockerOkAsync("import", _room.Image, "box");
        Assert.Equal("lonely", await daemon.DockerOkAsync("run", "--rm", "box", "echo", "lonely"));
        Assert.Contains("--containerd has no meaning here", daemon.Log, StringComparison.Ordinal);
        Assert.True(File.Exists(daemon.PidFile));
        Assert.Equal(0, await daemon.StopAsync("INT"));
        Assert.False(File.Exists(daemon.PidFile));
    }

    [Fact]
    public async Task After_a_kill_the_same_folders_serve_again_and_a_second_daemon_is_refused()
    {
        var first = await DaemonProcess.RunAsync(_room, "a");
        await first.DockerOkAsync("import", _room.Image, "box");
        await first.DockerOkAsync("run", "-d", "--name", "web", "box", "sleep", "1000");
        var second = DaemonProcess.Start(_room, "a");
        Assert.Equal(1, await second.ExitAsync());
        Assert.Contains("is still running", second.Log, StringComparison.Ordinal);
        Assert.NotEqual(0, await first.StopAsync("KILL"));
        await using var third = await DaemonProcess.RunAsync(_room, "a");
        Assert.Equal("true", await third.DockerOkAsync("inspect", "-f", "{{.State.Running}}", "web"));
    }

    [Fact]
    public async Task Containers_get_what_the_configuration_says()
    {
        var file = Path.Combine(_room.Folder, "daemon.json");
        await File.WriteAllTextAsync(file, """
            {
              "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 2000, "Hard": 3000}}, "dns": ["9.9.9.9"], "dns-search": ["example.org"], "init": true,
              "no-new-privileges": true, "default-shm-size": "32m", "log-opts": {"labels": "color", "max-size": "1m"},
              "runtimes": {"other": {"path": "/usr/bin/crun", "runtimeArgs": ["--debug"]}}, "bip": "10.99.0.1/24", "fixed-cidr": "10.99.0.128/25", "mtu": 1400
            }
            """);
        await using var daemon = await DaemonProcess.RunAsync(_room, "a", "--config-file", file);
        await daemon.DockerOkAsync("import", _room.Image, "box");
        var said = await daemon.DockerOkAsync(
            "run", "--rm", "box", "sh", "-c", "cat /etc/resolv.conf; ulimit -n; cat /proc/1/comm; cat /sys/class/net/eth0/mtu; while read a b; do if [ $a = NoNewPrivs: ]; then echo $b; fi; done </proc/self/status");
        Assert.Equal("nameserver 9.9.9.9\nsearch example.org\n2000\ndocker-init\n1400\n1", said);
        await daemon.DockerOkAsync("run", "-d", "--name", "web", "--label", "color=red", "--runtime", "other", "box", "sh", "-c", "echo hi; sleep 1000");
        Assert.Equal("other 33554432", await daemon.DockerOkAsync("inspect", "-f", "{{.HostConfig.Runtime}} {{.HostConfig.ShmSize}}", "web"));
        var address = await daemon.DockerOkAsync("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "web");
        Assert.True(IPNetwork.Parse("10.99.0.128/25").Contains(IPAddress.Parse(address)), address);
        await daemon.DockerOkAsync("pause", "web");
        await daemon.DockerOkAsync("unpause", "web");
        Assert.Equal("color=red hi", await daemon.DockerOkAsync("logs", "--details", "web"));
        var log = await daemon.DockerOkAsync("inspect", "-f", "{{.LogPath}}", "web");
        var id = await daemon.DockerOkAsync("inspect", "-f", "{{.Id}}", "web");
        Assert.Equal(Path.Combine(daemon.DataRoot, "containers", id, id + "-json.log"), log);
        using var record = JsonDocument.Parse((await File.ReadAllLinesAsync(log))[0]);
        Assert.Equal("red", record.RootElement.GetProperty("attrs").GetProperty("color").GetString());
        Assert.Contains("unknown or invalid runtime name: nope", (await daemon.DockerAsync("run", "--runtime", "nope", "box")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Containers_that_must_not_meet_do_not_though_the_host_reaches_them()
    {
        await using var daemon = await DaemonProcess.RunAsync(_room, "a", "--icc=false");
        await daemon.DockerOkAsync("import", _room.Image, "box");
        await daemon.DockerOkAsync("run", "-d", "--name", "one", "-p", "127.0.0.1:8123:80", "box", "sh", "-c", "while :; do echo here | busybox nc -l -p 80; done");
        var address = await daemon.DockerOkAsync("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "one");
        Assert.NotEqual(0, (await daemon.DockerAsync("run", "--rm", "box", "ping", "-c", "1", "-W", "1", address)).ExitCode);
        await daemon.UntilAsync("the published port answers", async () =>
            (await _room.InsideAsync("busybox", "nc", "-w", "2", "127.0.0.1", "8123")).Output is "here" and var answer ? answer : null);
    }

    [Fact]
    public async Task Two_daemons_share_a_network_namespace_and_neither_sees_the_other()
    {
        await using var one = await DaemonProcess.RunAsync(_room, "a");
        await using var two = await DaemonProcess.RunAsync(_room, "b", "--log-driver", "local");
        foreach (var daemon in new[] { one, two })
        {
            await daemon.DockerOkAsync("import", _room.Image, "box");
            await daemon.DockerOkAsync("run", "-d", "--name", "same", "box", "sh", "-c", "echo said; sleep 1000");
        }

        Assert.Equal("said", await two.DockerOkAsync("logs", "same"));
        Assert.Equal("", await two.DockerOkAsync("inspect", "-f", "{{.LogPath}}", "same"));
        Assert.Equal("1", await one.DockerOkAsync("info", "-f", "{{.ContainersRunning}}"));
        var bridges = await Task.WhenAll(new[] { one, two }.Select(daemon =>
            daemon.DockerOkAsync("network", "inspect", "-f", "{{index .Options \"com.docker.network.bridge.name\"}} {{(index .IPAM.Config 0).Subnet}}", "bridge")));
        Assert.Equal(["docker0 172.17.0.0/16", "docker1 172.18.0.0/16"], bridges);
        var third = DaemonProcess.Start(_room, "c", "--bridge", "docker0");
        Assert.Equal(1, await third.ExitAsync());
        Assert.Contains("the bridge docker0 belongs to another daemon", third.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hangup_reloads_what_can_be_and_a_wrong_file_changes_nothing()
    {
        var file = Path.Combine(_room.Folder, "daemon.json");
        await File.WriteAllTextAsync(file, """{"labels": ["a=1"]}""");
        await using var daemon = await DaemonProcess.RunAsync(_room, "a", "--bridge=none", "--config-file", file);
        await File.WriteAllTextAsync(file, """{"labels": ["a=2"], "debug": true, "insecure-registries": ["r.example:5000"], "runtimes": {"late": {"path": "/usr/bin/crun"}}}""");
        await daemon.SignalAsync("HUP");
        await daemon.UntilAsync("the new labels are there", async () => await daemon.DockerOkAsync("info", "-f", "{{.Labels}} {{.Debug}}") == "[a=2] true" ? "they are" : null);
        string[] asked = ["events", "--since", "1m", "--until", "0s", "--filter", "type=daemon", "--format", "{{.Action}} {{.Actor.Attributes.labels}} {{index .Actor.Attributes \"insecure-registries\"}}"];
        var events = await daemon.UntilAsync("the event is there", async () => await daemon.DockerOkAsync(asked) is { Length: > 0 } found ? found : null);
        Assert.Equal("reload [\"a=2\"] [\"r.example:5000\"]", events);
        Assert.Contains("late", await daemon.DockerOkAsync("info", "-f", "{{json .Runtimes}}"), StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, """{"labels": ["a=3"], "nope": 1}""");
        await daemon.SignalAsync("HUP");
        await daemon.UntilAsync("it is said", () => Task.FromResult(daemon.Log.Contains("don't match any configuration option: nope", StringComparison.Ordinal) ? "it is" : null));
        Assert.Equal("[a=2]", await daemon.DockerOkAsync("info", "-f", "{{.Labels}}"));
        await daemon.SignalAsync("QUIT");
        await daemon.UntilAsync("the state is written", () => Task.FromResult(Directory.GetFiles(daemon.ExecRoot, "threads-*.log").FirstOrDefault()));
        Assert.Equal(0, await daemon.StopAsync());
    }

    [Fact]
    public async Task Metrics_are_Prometheus_text_under_Dockers_names()
    {
        await using var daemon = await DaemonProcess.RunAsync(_room, "a", "--bridge=none", "--metrics-addr", "127.0.0.1:9323");
        await daemon.DockerOkAsync("import", _room.Image, "box");
        await daemon.DockerOkAsync("create", "box", "echo");
        var metrics = (await _room.InsideAsync("/bin/busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:9323/metrics")).Output;
        foreach (var line in new[] { "# TYPE engine_daemon_engine_info gauge", "engine_daemon_container_states_containers{state=\"stopped\"} 1", "engine_daemon_events_total 2" })
        {
            Assert.Contains(line, metrics.Split('\n'));
        }

        Assert.Contains($"daemon_id=\"{await daemon.DockerOkAsync("info", "-f", "{{.ID}}")}\"", metrics, StringComparison.Ordinal);
    }
}

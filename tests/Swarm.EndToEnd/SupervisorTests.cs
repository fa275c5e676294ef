using System.Net.Sockets;
using System.Text;

namespace Swarm.EndToEnd;

/// <summary>The daemon as systemd starts it from Docker's own unit files: `Type=notify`, `dockerd -H fd://`.</summary>
public sealed class SupervisorTests : IAsyncLifetime
{
    /// <summary>Passes a listening socket on, as systemd does: PATH PROGRAM ARGUMENTS...</summary>
    private const string PassOn = """
        import os, socket, sys
        listening = socket.socket(socket.AF_UNIX if "/" in sys.argv[1] else socket.AF_INET)
        listening.bind(sys.argv[1] if "/" in sys.argv[1] else ("0.0.0.0", int(sys.argv[1])))
        listening.listen()
        if listening.fileno() != 3:
            os.dup2(listening.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
        os.execv(sys.argv[2], sys.argv[2:])
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private DaemonRoom _room = null!;

    private string Passed => Path.Combine(_room.Folder, "passed.sock");

    public async Task InitializeAsync() => _room = await DaemonRoom.OpenAsync();

    public async Task DisposeAsync() => await _room.DisposeAsync();

    [Fact]
    public async Task A_socket_that_is_passed_on_is_served_and_stays_when_the_daemon_ends()
    {
        _room.Prefix = ["python3", "-c", PassOn, Passed];
        await using (var daemon = await DaemonProcess.RunAsync(_room, "a", "--bridge=none", "-H", "fd://"))
        {
            var result = await Shell.RunAsync("docker", ["version", "--format", "{{.Server.Version}}"], ("DOCKER_HOST", "unix://" + Passed));
            Assert.Equal(0, result.ExitCode);
        }

        Assert.True(File.Exists(Passed)); // it is the supervisor's, who wakes the next daemon by it
    }

    [Fact]
    public async Task A_passed_socket_that_leaves_the_machine_needs_tls_as_any_other()
    {
        _room.Prefix = ["python3", "-c", PassOn, "2375"];
        var daemon = DaemonProcess.Start(_room, "a", "--bridge=none", "-H", "fd://3");
        Assert.Equal(1, await daemon.ExitAsync());
        Assert.Contains("tcp://0.0.0.0:2375 has no TLS", daemon.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_passed_socket_it_says_so_and_ends()
    {
        var daemon = DaemonProcess.Start(_room, "a", "--bridge=none", "-H", "fd://");
        Assert.Equal(1, await daemon.ExitAsync());
        Assert.Contains("no sockets found via socket activation", daemon.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_supervisor_hears_when_it_is_ready_that_it_lives_and_when_it_ends()
    {
        var path = Path.Combine(_room.Folder, "notify.sock");
        using var supervisor = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        supervisor.Bind(new UnixDomainSocketEndPoint(path));
        _room.Prefix = ["env", "NOTIFY_SOCKET=" + path, "WATCHDOG_USEC=200000"];
        await using var daemon = DaemonProcess.Start(_room, "a", "--bridge=none");
        Assert.Equal("READY=1", await HeardAsync());
        Assert.Equal(0, (await daemon.DockerAsync("version")).ExitCode); // at once
        Assert.Equal("WATCHDOG=1", await HeardAsync());
        Assert.Equal("WATCHDOG=1", await HeardAsync());
        await daemon.SignalAsync("TERM");
        while (await HeardAsync() is var word && word != "STOPPING=1")
        {
            Assert.Equal("WATCHDOG=1", word);
        }

        Assert.Equal(0, await daemon.ExitAsync());

        async Task<string> HeardAsync()
        {
            using var limit = new CancellationTokenSource(Patience);
            var buffer = new byte[4096];
            return Encoding.UTF8.GetString(buffer, 0, await supervisor.ReceiveAsync(buffer, limit.Token));
        }
    }
}

using System.Text;
using Docker.DotNet;
using Docker.DotNet.Models;

namespace Swarm.EndToEnd.Clients;

/// <summary>The .NET client that others wrote, unchanged, against a daemon in Docker's place.</summary>
public sealed class DockerDotNetTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly string[] Speaking = ["/bin/sh", "-c", "while true; do echo said; echo wrong >&2; sleep 1; done"];
    private DaemonRoom _room = null!;
    private DaemonProcess _daemon = null!;
    private DockerClient _client = null!;

    public async Task InitializeAsync()
    {
        _room = await DaemonRoom.OpenAsync();
        _daemon = await DaemonProcess.RunAsync(_room, "c");
        await _daemon.DockerOkAsync("import", _room.Image, "box");
        _client = new DockerClientBuilder().WithEndpoint(new Uri(_daemon.Host)).Build();
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _daemon.DisposeAsync();
        await _room.DisposeAsync();
    }

    [Fact]
    public async Task A_container_lives_and_is_watched()
    {
        var id = await StartAsync(Speaking);
        Assert.False(await _client.Containers.StartContainerAsync(id, new ContainerStartParameters()));
        Assert.True((await _client.Containers.InspectContainerAsync(id)).State!.Running);
        Assert.NotEmpty((await _client.Containers.ListProcessesAsync(id, new ContainerListProcessesParameters())).Processes);

        var statistics = new Heard<ContainerStatsResponse>();
        await _client.Containers.GetContainerStatsAsync(id, new ContainerStatsParameters { Stream = false }, statistics, CancellationToken.None);
        Assert.Equal(id, Assert.Single(statistics.All).ID);

        var lines = new Heard<string>();
        var following = _client.Containers.GetContainerLogsAsync(id, new ContainerLogsParameters { ShowStdout = true, ShowStderr = true, Follow = true }, lines, CancellationToken.None);
        await lines.FirstAsync();
        await _client.Containers.KillContainerAsync(id, new ContainerKillParameters());
        await following.WaitAsync(Limit);
        Assert.Equal(137, (await _client.Containers.WaitContainerAsync(id)).StatusCode);
        await _client.Containers.RemoveContainerAsync(id, new ContainerRemoveParameters());
        await Assert.ThrowsAsync<DockerContainerNotFoundException>(() => _client.Containers.InspectContainerAsync(id));
    }

    [Fact]
    public async Task Attached_input_that_is_closed_ends_the_container()
    {
        var created = await _client.Containers.CreateContainerAsync(new CreateContainerParameters
        {
            Image = "box",
            Cmd = ["cat"],
            OpenStdin = true,
            StdinOnce = true,
        });
        using var stream = await _client.Containers.AttachContainerAsync(created.ID, new ContainerAttachParameters { Stream = true, Stdin = true, Stdout = true, Stderr = true });
        await _client.Containers.StartContainerAsync(created.ID, new ContainerStartParameters());
        var text = "all of me\n"u8.ToArray();
        await stream.WriteAsync(text, 0, text.Length, CancellationToken.None);
        stream.CloseWrite();
        var (output, _) = await stream.ReadOutputToEndAsync(CancellationToken.None).WaitAsync(Limit);
        Assert.Equal("all of me\n", output);
        Assert.Equal(0, (await _client.Containers.WaitContainerAsync(created.ID)).StatusCode);
    }

    [Fact]
    public async Task An_exec_answers_and_a_terminal_is_resized_as_soon_as_its_stream_is_there()
    {
        var id = await StartAsync("sleep", "1000");
        var exec = await _client.Exec.CreateContainerExecAsync(id, new ContainerExecCreateParameters { AttachStdout = true, AttachStderr = true, Cmd = ["sh", "-c", "echo out; echo err >&2; exit 5"] });
        using (var stream = await _client.Exec.StartContainerExecAsync(exec.ID, new ContainerExecStartParameters()))
        {
            Assert.Equal(("out\n", "err\n"), await stream.ReadOutputToEndAsync(CancellationToken.None).WaitAsync(Limit));
        }

        Assert.Equal(5, (await _client.Exec.InspectContainerExecAsync(exec.ID)).ExitCode);

        var shell = await _client.Exec.CreateContainerExecAsync(id, new ContainerExecCreateParameters { AttachStdin = true, AttachStdout = true, TTY = true, Cmd = ["sh"] });
        using var terminal = await _client.Exec.StartContainerExecAsync(shell.ID, new ContainerExecStartParameters { TTY = true });
        await _client.Exec.ResizeExecTtyAsync(shell.ID, new ContainerResizeParameters { Height = 40, Width = 120 });
        Assert.True((await _client.Exec.InspectContainerExecAsync(shell.ID)).Running);
    }

    [Fact]
    public async Task Events_of_an_image_are_heard_and_the_monitor_is_left()
    {
        var heard = new Heard<Message>();
        using var left = new CancellationTokenSource(Limit);
        var watching = _client.System.MonitorEventsAsync(new ContainerEventsParameters(), heard, left.Token);
        await _daemon.UntilAsync("an event is heard", async () =>
        {
            await _client.Images.TagImageAsync("box", new ImageTagParameters { RepositoryName = "other", Tag = "Tag1" });
            return heard.All.Count > 0 ? "it is" : null;
        });
        Assert.Equal("tag", heard.All[0].Action);
        Assert.Equal("other:Tag1", heard.All[0].Actor!.Attributes!["name"]);
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);
        await _client.Images.DeleteImageAsync("other:Tag1", new ImageDeleteParameters());
        await Assert.ThrowsAsync<DockerImageNotFoundException>(() => _client.Images.InspectImageAsync("other:Tag1"));
    }

    /// <summary>As the client's own suite founds its swarm: at an address that the machine does not have.</summary>
    [Fact]
    public async Task A_swarm_behind_a_translated_address_runs_services_and_shows_their_logs()
    {
        await _client.Swarm.InitSwarmAsync(new SwarmInitParameters { AdvertiseAddr = "10.10.10.10", ListenAddr = "127.0.0.1" });
        await Assert.ThrowsAsync<DockerSwarmNodeAlreadyParticipatingException>(() => _client.Swarm.InitSwarmAsync(new SwarmInitParameters { AdvertiseAddr = "10.10.10.10", ListenAddr = "127.0.0.1" }));
        var service = await _client.Swarm.CreateServiceAsync(new ServiceCreateParameters
        {
            Service = new ServiceSpec { Name = "speaker", TaskTemplate = new TaskSpec { ContainerSpec = new ContainerSpec { Image = "box", Command = Speaking } } },
        });
        var byName = new ServiceListParameters { Filters = new Dictionary<string, IDictionary<string, bool>> { ["name"] = new Dictionary<string, bool> { ["speaker"] = true } } };
        Assert.Equal(service.ID, Assert.Single(await _client.Swarm.ListServicesAsync(byName)).ID);

        // Asked for before the first task runs.
        using var logs = await _client.Swarm.GetServiceLogsAsync("speaker", false, new ServiceLogsParameters { Follow = true, ShowStdout = true });
        var buffer = new byte[4096];
        using var limit = new CancellationTokenSource(Limit);
        var read = await logs.ReadOutputAsync(buffer, 0, buffer.Length, limit.Token);
        Assert.StartsWith("said", Encoding.UTF8.GetString(buffer, 0, read.Count), StringComparison.Ordinal);
        await _client.Swarm.RemoveServiceAsync(service.ID!);
        await _client.Swarm.LeaveSwarmAsync(new SwarmLeaveParameters { Force = true });
    }

    [Fact]
    public async Task What_is_wrong_is_an_exception_of_the_client()
    {
        await Assert.ThrowsAsync<DockerContainerNotFoundException>(() => _client.Containers.StartContainerAsync("nobody", new ContainerStartParameters()));
        await Assert.ThrowsAsync<DockerApiException>(() => _client.Images.CreateImageAsync(new ImagesCreateParameters { FromImage = "no&image//name", Tag = "1" }, null, new Heard<JSONMessage>()));
    }

    private async Task<string> StartAsync(params string[] command)
    {
        var created = await _client.Containers.CreateContainerAsync(new CreateContainerParameters { Image = "box", Cmd = command });
        Assert.True(await _client.Containers.StartContainerAsync(created.ID, new ContainerStartParameters()));
        return created.ID;
    }

    /// <summary>What a client reports, at once and in order.</summary>
    private sealed class Heard<T> : IProgress<T>
    {
        private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Lock _lock = new();
        private readonly List<T> _all = [];

        public IReadOnlyList<T> All
        {
            get
            {
                lock (_lock)
                {
                    return [.. _all];
                }
            }
        }

        public Task FirstAsync() => _first.Task.WaitAsync(Limit);

        public void Report(T value)
        {
            lock (_lock)
            {
                _all.Add(value);
            }

            _first.TrySetResult();
        }
    }
}

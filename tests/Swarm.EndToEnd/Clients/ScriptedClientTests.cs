namespace Swarm.EndToEnd.Clients;

/// <summary>Clients of other languages that others wrote: a script beside this file does once what each one's users do.</summary>
public sealed class ScriptedClientTests : IAsyncLifetime
{
    private DaemonRoom _room = null!;
    private DaemonProcess _daemon = null!;

    public async Task InitializeAsync()
    {
        _room = await DaemonRoom.OpenAsync();
        _daemon = await DaemonProcess.RunAsync(_room, "c");
        await _daemon.DockerOkAsync("import", _room.Image, "box");
    }

    public async Task DisposeAsync()
    {
        await _daemon.DisposeAsync();
        await _room.DisposeAsync();
    }

    [Fact]
    public async Task Docker_py_does_what_its_users_do() => await RunAsync(await PythonAsync(), "docker_py.py");

    [DockerodeFact]
    public Task Dockerode_does_what_its_users_do() => RunAsync("node", "dockerode.js");

    private async Task RunAsync(string interpreter, string script)
    {
        var result = await Shell.RunAsync(interpreter, [Path.Combine(AppContext.BaseDirectory, "Clients", script)], ("DOCKER_HOST", _daemon.Host));
        Assert.True(result.ExitCode == 0, $"{script}: {result}\n{_daemon.Log}");
    }

    /// <summary>The one on the PATH may be another than Debian's, which its package of docker-py is for.</summary>
    private static async Task<string> PythonAsync()
    {
        foreach (var python in new[] { "python3", "/usr/bin/python3" })
        {
            if ((await Shell.RunAsync("sh", ["-c", $"cd / && {python} -c 'import docker'"])).ExitCode == 0)
            {
                return python;
            }
        }

        throw new InvalidOperationException("no python3 has docker-py: install Debian's python3-docker");
    }
}

/// <summary>A test by dockerode, which npm must have fetched.</summary>
public sealed class DockerodeFactAttribute : FactAttribute
{
    public DockerodeFactAttribute()
    {
        if (!Directory.Exists(Environment.GetEnvironmentVariable("DOCKERODE")))
        {
            Skip = "DOCKERODE must name the folder of dockerode: ./test fetches it where npm and its registry are";
        }
    }
}

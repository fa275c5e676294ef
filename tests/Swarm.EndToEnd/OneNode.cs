using Swarm.Engine.Images;
using Swarm.Lab;
using LabApi = Swarm.Lab.Lab;

namespace Swarm.EndToEnd;

/// <summary>A lab of one node for tests that ruin it: its daemon is killed, its engine emptied and looked through.</summary>
internal sealed class OneNode : IAsyncDisposable
{
    private const string Node = "m1";
    private readonly LabHost _host;
    private readonly LabApi _lab;
    private readonly string _image = Path.GetTempFileName();

    private OneNode(LabHost host, LabApi lab) => (_host, _lab) = (host, lab);

    public LabPaths Paths => _lab.Paths(Node);

    /// <summary>0: it does not run.</summary>
    public int DaemonPid => _lab.Record.Node(Node).Daemon is { } daemon && _lab.Processes(Node).Any(p => p.Identity.Pid == daemon.Pid) ? daemon.Pid : 0;

    public static async Task<OneNode> UpAsync(string name, Action<string> say)
    {
        var host = LabHost.Default(TimeProvider.System);
        if (LabApi.Names(host).Contains(name))
        {
            await LabApi.DownAsync(host, name, CancellationToken.None);
        }

        var lab = await LabApi.UpAsync(host, new LabOptions { Name = name, Binary = LabFixture.Binary, Managers = 1, Workers = 0 }, line => say(line), CancellationToken.None);
        var node = new OneNode(host, lab);
        await using var archive = File.Create(node._image);
        BusyboxImage.Write(archive, "/bin/busybox", "busybox:latest");
        return node;
    }

    public async ValueTask DisposeAsync()
    {
        File.Delete(_image);
        await LabApi.DownAsync(_host, _lab.Name, CancellationToken.None);
    }

    /// <summary>kill -9; what runs runs on.</summary>
    public Task KillDaemonAsync() => _lab.KillAsync([Node], daemonOnly: true, CancellationToken.None);

    public Task StartDaemonAsync() => _lab.RestartAsync([Node], CancellationToken.None);

    public Task LoadBusyboxAsync() => DockerAsync("load", "-i", _image);

    public Task<ShellResult> TryDockerAsync(params string[] arguments) => Shell.RunAsync("docker", arguments, ("DOCKER_HOST", Paths.DockerHost), ("DOCKER_BUILDKIT", "0"));

    /// <summary>As <see cref="TryDockerAsync"/>, and it must succeed.</summary>
    public async Task<string> DockerAsync(params string[] arguments)
    {
        var result = await TryDockerAsync(arguments);
        Assert.True(result.ExitCode == 0, $"docker {string.Join(' ', arguments)}: {result}\n{Log()}");
        return result.Output;
    }

    public Task<T> UntilAsync<T>(string what, Func<Task<T?>> ask)
        where T : class => Waiting.UntilAsync(what, ask, Log);

    /// <summary>Removes every container, volume and image, as a user does, and waits until nothing of them is left on the machine.</summary>
    public async Task EmptyAsync()
    {
        foreach (var service in Lines(await DockerAsync("service", "ls", "-q")))
        {
            await DockerAsync("service", "rm", service);
        }

        await UntilAsync("no container is left", async () =>
        {
            var ids = Lines(await DockerAsync("ps", "-aq", "--no-trunc"));
            if (ids.Length > 0)
            {
                await TryDockerAsync(["rm", "-fv", .. ids]); // one that another client removes is refused: looked at again
            }

            return ids.Length == 0 ? "none" : null;
        });
        await DockerAsync("volume", "prune", "-af");
        var images = Lines(await DockerAsync("images", "-aq", "--no-trunc")).Distinct().ToArray();
        if (images.Length > 0)
        {
            await TryDockerAsync(["rmi", "-f", .. images]);
        }

        var left = "";
        await Waiting.UntilAsync(
            "nothing of containers and images is left",
            () =>
            {
                left = string.Join('\n', Leftovers());
                return Task.FromResult(left.Length == 0 ? "nothing" : null);
            },
            () => left + '\n' + Log());
    }

    public string Log() => string.Join('\n', File.ReadLines(Paths.Log).TakeLast(20).Select(line => line.Length < 600 ? line : line[..600]));

    public static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Files of containers, of builds and of images that are not there any more, and what is still mounted for them.</summary>
    private IEnumerable<string> Leftovers()
    {
        string[] folders =
        [
            .. new[] { "containers", "rootfs", "build", "build-steps", "layers", "volumes" }.Select(name => Path.Combine(Paths.Data, name)),
            .. new[] { "shims", "shm", "subpaths", "runtime", "network/netns", "network/endpoints" }.Select(name => Path.Combine(Paths.Run, name)),
        ];
        const string ground = ".ground"; // what is below every image, made once
        foreach (var entry in folders.Where(Directory.Exists).SelectMany(Directory.GetFileSystemEntries).Where(path => Path.GetFileName(path) != ground))
        {
            yield return entry;
        }

        foreach (var place in File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' ')[4]).Where(place => place.StartsWith(Paths.Data + "/rootfs/", StringComparison.Ordinal)))
        {
            yield return "mounted: " + place;
        }
    }
}

using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Events;
using Swarm.Engine.Images;
using Swarm.Engine.Layers;
using Swarm.Engine.Tests.Shim;

namespace Swarm.Engine.Tests.Containers;

/// <summary>An engine in a folder of its own, with real shims and a real runtime over a root of one busybox. It can be "killed" and started again.</summary>
public sealed class EngineFixture : IAsyncDisposable
{
    public const string Busybox = "/usr/bin/busybox";
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private readonly string _root = Directory.CreateTempSubdirectory("engine-test").FullName;

    private EngineFixture()
    {
    }

    public ContainerEngine Engine { get; private set; } = null!;

    internal ContainerStore Store => new(Options);

    public EngineOptions Options => new()
    {
        DataRoot = Path.Combine(_root, "data"),
        ExecRoot = Path.Combine(_root, "exec"),
        CgroupParent = "/" + Path.GetFileName(_root),
        ShimCommand = ShimEntry.Command,
    };

    internal IRootfsStore Roots => new PlainRoots(Path.Combine(_root, "roots"));

    private Func<EngineOptions, EngineOptions> Change { get; init; } = options => options;

    private TimeProvider Time { get; init; } = TimeProvider.System;

    private ILogger<ContainerEngine> Log { get; init; } = NullLogger<ContainerEngine>.Instance;

    /// <param name="change">The options that the engine starts with; null: as they are.</param>
    /// <param name="time">Null: the machine's.</param>
    /// <param name="log">Null: nobody listens.</param>
    public static async Task<EngineFixture> StartAsync(Func<EngineOptions, EngineOptions>? change = null, TimeProvider? time = null, ILogger<ContainerEngine>? log = null)
    {
        var fixture = new EngineFixture { Change = change ?? (options => options), Time = time ?? TimeProvider.System, Log = log ?? NullLogger<ContainerEngine>.Instance };
        await fixture.RestartAsync();
        return fixture;
    }

    /// <summary>Another daemon on the same folders; what the one before knew is gone, as after a kill.</summary>
    public async Task RestartAsync()
    {
        if (Engine is not null)
        {
            await Engine.DisposeAsync();
        }

        Engine = new ContainerEngine(
            Change(Options), new OneImage(), Roots, new NoNetwork(), new EventBus(Time), Time, new Random(1), Log);
        await Engine.RecoverAsync(CancellationToken.None);
        Engine.RestartWanted();
    }

    public Task<Container> CreateAsync(string script, HostConfig? host = null, bool stdin = false) => Engine.CreateAsync(
        "",
        new ContainerCreateRequest
        {
            Image = "busybox", Cmd = ["/bin/busybox", "sh", "-c", script], OpenStdin = stdin, StdinOnce = stdin,
            HostConfig = (host ?? new HostConfig()) with { NetworkMode = "host" },
        },
        CancellationToken.None);

    public async Task<Container> RunAsync(string script, HostConfig? host = null)
    {
        var container = await CreateAsync(script, host);
        await Engine.StartAsync(container, CancellationToken.None);
        return container;
    }

    public static async Task UntilAsync(string what, Func<bool> holds)
    {
        for (var watch = Stopwatch.StartNew(); !holds(); await Task.Delay(10))
        {
            Assert.True(watch.Elapsed < Deadline, $"not within {Deadline}: {what}");
        }
    }

    /// <summary>Everything below the engine's folders that carries this id.</summary>
    public IEnumerable<string> TracesOf(string id) => Directory.EnumerateFileSystemEntries(_root, "*" + id + "*", SearchOption.AllDirectories);

    public async ValueTask DisposeAsync()
    {
        foreach (var container in Engine.Containers)
        {
            await Engine.RemoveAsync(container, force: true, removeVolumes: true, CancellationToken.None);
        }

        await Engine.DisposeAsync();
        foreach (var folder in new[] { Options.DataRoot, Options.ExecRoot })
        {
            if (File.ReadLines("/proc/self/mountinfo").Any(line => line.Split(' ')[4] == folder))
            {
                Linux.MountNamespace.DetachLazy(folder);
            }
        }

        Directory.Delete(_root, recursive: true);
        foreach (var hierarchy in Directory.EnumerateDirectories("/sys/fs/cgroup").Append("/sys/fs/cgroup"))
        {
            var group = hierarchy + Options.CgroupParent;
            if (Directory.Exists(group))
            {
                Directory.Delete(group);
            }
        }
    }

    private sealed class OneImage : IImageStore
    {
        private static readonly Image Only = new() { Id = "sha256:" + new string('1', 64), Config = new ImageConfig() };

        public Image? Find(string idOrReference) => idOrReference == "busybox" ? Only : null;

        public Task<Image> PullAsync(string reference, string? registryAuth, Action<PullProgress>? progress, CancellationToken cancellation) =>
            throw EngineException.NotFound("no registry here");
    }

    private sealed class NoNetwork : IContainerNetwork
    {
        public Task<NetworkSandbox> AttachAsync(NetworkRequest request, CancellationToken cancellation) => throw new NotSupportedException();

        public Task DetachAsync(string containerId, CancellationToken cancellation) => Task.CompletedTask;

        public Task<NetworkSandbox> ConnectAsync(string containerId, EndpointRequest endpoint, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<NetworkSandbox> DisconnectAsync(string containerId, string networkId, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<NetworkSandbox> RenameAsync(string containerId, string name, IReadOnlyDictionary<string, ImmutableArray<string>> names, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public NetworkIdentity? Find(string network) => null;

        public ImmutableArray<IPAddress> HostGateways => [];
    }

    private sealed class PlainRoots(string folder) : IRootfsStore
    {
        public void Create(string containerId, IReadOnlyList<string> diffIds)
        {
            var bin = Directory.CreateDirectory(Path.Combine(folder, containerId, "bin")).FullName;
            File.Copy(Busybox, Path.Combine(bin, "busybox"));
            foreach (var name in new[] { "proc", "sys", "dev", "etc", "tmp" })
            {
                Directory.CreateDirectory(Path.Combine(folder, containerId, name));
            }
        }

        public string Mount(string containerId) => Path.Combine(folder, containerId);

        public void Unmount(string containerId)
        {
        }

        public IReadOnlyDictionary<string, string>? Describe(string containerId) => null;

        public RootfsFolders Folders(string containerId) => throw new NotSupportedException("no overlay here");

        public void Remove(string containerId)
        {
            if (Directory.Exists(Path.Combine(folder, containerId)))
            {
                Directory.Delete(Path.Combine(folder, containerId), recursive: true);
            }
        }
    }
}

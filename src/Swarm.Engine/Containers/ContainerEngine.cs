using Microsoft.Extensions.Logging;
using Swarm.Engine.Events;
using Swarm.Engine.Exec;
using Swarm.Engine.Images;
using Swarm.Engine.Layers;
using Swarm.Engine.Runtime;
using Swarm.Engine.Shim;
using Swarm.Engine.Stats;
using Swarm.Engine.Volumes;

namespace Swarm.Engine.Containers;

/// <summary>
/// The containers of this node. Each has a mailbox in which what changes it runs one at a time; the shims run on when this object, or the whole
/// daemon, ends.
/// </summary>
public sealed partial class ContainerEngine : IAsyncDisposable
{
    private readonly EngineOptions _options;
    private readonly IImageStore _images;
    private readonly IRootfsStore _rootfs;
    private readonly IContainerNetwork _network;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILogger<ContainerEngine> _logger;
    private readonly RuntimeThread _thread;
    private readonly OciRuntime _runtime;
    private volatile KnownVersion? _version;
    private readonly ContainerStore _store;
    private readonly ContainerStarter _starter;
    private readonly ContainerIndex _index = new();
    private readonly CopyUp _copyUp;
    private readonly StatsSampler _sampler;
    private readonly CancellationTokenSource _ended = new();
    private int _disposed;

    /// <param name="random">For names only; ids are cryptographic.</param>
    public ContainerEngine(
        EngineOptions options, IImageStore images, IRootfsStore rootfs, IContainerNetwork network, EventBus events, TimeProvider time, Random random, ILogger<ContainerEngine> logger)
    {
        (_options, _images, _rootfs, _network, _time, _random, _logger, Events) = (options, images, rootfs, network, time, random, logger, events);
        Directory.CreateDirectory(options.DataRoot);
        Directory.CreateDirectory(options.BundlesPath);
        Directory.CreateDirectory(options.RuntimeStatePath);
        Cgroups = CgroupLayout.Detect();
        _thread = new RuntimeThread(Cgroups, options.Runtimes.HasCrun, [options.DataRoot, options.ExecRoot]);
        _runtime = new OciRuntime(options, _thread);
        _store = new ContainerStore(options);
        _copyUp = new CopyUp(_thread);
        _sampler = new StatsSampler(Cgroups, time);
        Volumes = new VolumeStore(options, time, events);
        VolumeMounts = new VolumeMounts(Volumes);
        Shims = new ShimLauncher(options, _thread);
        var seccomp = new SeccompCache(options.SeccompPath, options.RuntimeStatePath, FilterNotKept);
        Specs = new SpecWriter(options, Cgroups, seccomp);
        Execs = new ExecEngine(this, time);
        _starter = new ContainerStarter(options, _store, rootfs, network, Specs, seccomp, Shims, Cgroups, _index.Get, VolumeMounts);
    }

    public EventBus Events { get; }
    public VolumeStore Volumes { get; }
    internal VolumeMounts VolumeMounts { get; }
    public CgroupLayout Cgroups { get; }

    /// <summary>By the engine's clock.</summary>
    public DateTimeOffset Now => _time.GetUtcNow();
    public IEnumerable<Container> Containers => _index.All;
    public ExecEngine Execs { get; }
    internal ShimLauncher Shims { get; }
    internal SpecWriter Specs { get; }
    internal EngineOptions Options => _options;

    /// <summary>Of the default runtime, asked once for each; both texts are empty if it does not run.</summary>
    public async Task<RuntimeVersion> RuntimeVersionAsync(CancellationToken cancellation)
    {
        var program = _options.Runtimes.Default;
        if (_version is { } known && known.Of == program)
        {
            return known.Version;
        }

        try
        {
            var version = await _runtime.VersionAsync(program, cancellation).ConfigureAwait(false);
            _version = new KnownVersion(program, version);
            return version;
        }
        catch (Exception e) when (e is EngineException or IOException)
        {
            RuntimeSaysNothing(e, program.Path);
            return new RuntimeVersion("", "");
        }
    }

    /// <summary>By id, name or a prefix of the id.</summary>
    /// <exception cref="EngineException">404; 400: several fit.</exception>
    public Container Get(string idOrName) => _index.Get(idOrName);

    public Container? Find(string id) => _index.Find(id);

    internal (uint Uid, uint Gid)? StreamOwner(Container container) => _starter.StreamOwner(container.Record);

    internal string Bundle(string id) => _starter.Bundle(id);

    internal string MountedRoot(Container container) => _rootfs.Mount(container.Id);

    /// <summary>The daemon ends; the containers do not.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
        {
            return;
        }

        await _ended.CancelAsync().ConfigureAwait(false);
        Shims.Dispose();
        _thread.Dispose();
        _ended.Dispose();
    }

    private sealed record KnownVersion(RuntimeProgram Of, RuntimeVersion Version);
}

using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Swarm.Agent;
using Swarm.Api.Build;
using Swarm.Api.Containers;
using Swarm.Api.Daemon;
using Swarm.Api.Images;
using Swarm.Commands;
using Swarm.Engine;
using Swarm.Engine.Build;
using Swarm.Engine.Containers;
using Swarm.Engine.Events;
using Swarm.Engine.Images;
using Swarm.Engine.Runtime;
using Swarm.Linux;
using Swarm.Model;
using Swarm.Networking;
using Swarm.Networking.Bridge;
using Swarm.Networking.Ipam;
using Swarm.Registry;
using NodeDescription = Swarm.Model.NodeDescription;
using ContainerStatus = Swarm.Engine.Containers.ContainerStatus;

namespace Swarm.Daemon;

/// <summary>The node's own engine: images, containers and the bridge network, with or without a cluster.</summary>
internal sealed class LocalEngine : ISystemInfo, IImageUse, IAsyncDisposable
{
    private readonly RegistryClient _registry;
    private readonly NetworkNamespace _host;
    private readonly BridgeNetworks _bridge;
    private readonly ImageStore _images;
    private readonly ContainerEngine _containers;

    private readonly RunningConfiguration _configuration;
    private readonly RuntimeCatalog _runtimes;

    private LocalEngine(
        RegistryClient registry, NetworkNamespace host, BridgeNetworks bridge, ImageStore images, ContainerEngine containers, RunningConfiguration configuration, RuntimeCatalog runtimes)
    {
        (_registry, _host, _bridge, _images, _containers, _configuration, _runtimes) = (registry, host, bridge, images, containers, configuration, runtimes);
    }

    /// <summary>Stays the same for this data root.</summary>
    internal required string Id { get; init; }

    internal required HostFacts Host { get; init; }

    internal required NodeTasks Tasks { get; init; }

    internal required ImageBuilder Builder { get; init; }

    internal NodeNetworks Networks => new(_bridge, _containers);

    internal static async Task<LocalEngine> StartAsync(RunningConfiguration configuration, string bridgeName, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var options = configuration.Now;
        var id = EngineId(options.DataRoot);
        var facts = HostFacts.Read();
        var registry = new RegistryClient(options.Registry, time);
        var local = await LocalImages.OpenAsync(options.DataRoot, registry, time, loggers, options.Ids);
        var host = NetworkNamespace.Current();
        var bridge = await BridgeNetworks.StartAsync(NetworksOf(options, bridgeName, id), host, time, NodeDaemon.NewRandom(), loggers, cancellation);
        var engineOptions = new EngineOptions
        {
            DataRoot = options.DataRoot,
            ExecRoot = options.ExecRoot,
            CgroupParent = "/" + options.CgroupParent,
            Runtimes = new RuntimeCatalog(options.DefaultRuntime, options.Runtimes),
            Defaults = options.Containers,
            ShimCommand = ShimCommand(),
            NodeName = facts.Hostname,
            Ids = options.Ids,
            CdiFolders = options.CdiFolders,
        };
        var cluster = new ClusterNetworks();
        var places = new ContainerPlaces(Path.Combine(options.ExecRoot, "network", "places"));
        var events = new EventBus(time);
        local.Images.Events = events;
        local.Images.PrefersOffline = options.PreferOfflineImages;
        var containers = new ContainerEngine(
            engineOptions, local.Images, local.Rootfs, new ContainerNetwork(bridge, cluster, places), events, time, NodeDaemon.NewRandom(), loggers.CreateLogger<ContainerEngine>());
        await containers.RecoverAsync(cancellation);
        var running = containers.Containers.Where(container => container.State.IsRunning).Select(container => container.Id).ToHashSet();
        await bridge.RetainAsync(running, cancellation);
        places.Retain(running);
        var steps = new BuildContainers(containers, local.Rootfs, Path.Combine(options.DataRoot, "build-steps"));
        await steps.CleanUpAsync(cancellation);
        containers.RestartWanted();
        var taskFiles = new TaskFiles(Path.Combine(options.ExecRoot, "task-files"), options.Ids);
        taskFiles.Sweep(containers.Containers.Select(container => TaskContainer.TaskIdOf(container.Record)).OfType<string>().ToHashSet(StringComparer.Ordinal));
        var networks = new NodeOverlays(bridge, places);
        return new LocalEngine(registry, host, bridge, local.Images, containers, configuration, engineOptions.Runtimes)
        {
            Id = id,
            Host = facts,
            Builder = new ImageBuilder(
                local, steps, Path.Combine(options.DataRoot, "build"), new HttpClient(new SocketsHttpHandler { Proxy = options.Registry.Proxies.Proxy, UseProxy = options.Registry.Proxies.Proxy is not null }), loggers.CreateLogger<ImageBuilder>()),
            Tasks = new NodeTasks(new ContainerExecutor(containers, local.Images, taskFiles, Description(facts, options)), new NodeWork(containers, networks), events, networks, cluster),
        };
    }

    public ContainerCounts Containers
    {
        get
        {
            var states = _containers.Containers.Select(container => container.State.Status).ToList();
            var running = states.Count(state => state is ContainerStatus.Running or ContainerStatus.Restarting);
            var paused = states.Count(state => state == ContainerStatus.Paused);
            return new ContainerCounts(running, paused, states.Count - running - paused);
        }
    }

    public int Images => _images.List().Count;

    public int EventListeners => _containers.Events.Listeners;

    public Task<RuntimeVersion> RuntimeVersionAsync(CancellationToken cancellation) => _containers.RuntimeVersionAsync(cancellation);

    public ConfiguredFacts Configured
    {
        get
        {
            var (devices, warnings) = _containers.CdiDevices();
            return _configuration.Facts(_containers.Cgroups) with { CdiDevices = devices, CdiWarnings = warnings };
        }
    }

    public IReadOnlyList<ImageUser> UsersOf(string imageId) =>
    [
        .. _containers.Containers.Where(container => container.Record.ImageId == imageId)
            .Select(container => new ImageUser(container.Id, container.State.IsRunning, container.Record.Config.Image ?? imageId)),
    ];

    internal void Map(IEndpointRouteBuilder routes, TimeProvider time)
    {
        new EngineApi(_containers, _containers.Execs, time).Map(routes);
        DiskUsageEndpoint.Map(routes, _containers, _images);
        CommitEndpoint.Map(routes, _containers, _images);
        ImageEndpoints.Map(routes, _images, this, Builder.Http, time);
        BuildEndpoints.Map(routes, Builder, _images, this, time);
    }

    /// <summary>The engine counted, for `--metrics-addr`.</summary>
    internal void MapMetrics(IEndpointRouteBuilder routes, DaemonFacts facts) => MetricsEndpoint.Map(routes, facts, this, _containers.Events);

    /// <summary>What a running daemon can change of its configuration, and the event of it.</summary>
    internal void Reconfigure(DaemonOptions now)
    {
        _registry.Configure(now.Registry);
        _runtimes.Replace(now.DefaultRuntime, now.Runtimes);
        _containers.Events.Publish("daemon", "reload", Id, _configuration.Attributes(Host.Hostname));
    }

    /// <summary>For a dump: one line each.</summary>
    internal IEnumerable<string> Describe() => _containers.Containers.Select(container =>
        $"container {container.Id} {container.Record.Name}: {container.State.Status}, process {container.State.Pid}");

    public async ValueTask DisposeAsync()
    {
        await _containers.DisposeAsync();
        await _bridge.DisposeAsync();
        _host.Dispose();
        _registry.Dispose();
    }

    /// <summary>The daemon's network flags as the networks take them.</summary>
    private static BridgeOptions NetworksOf(DaemonOptions options, string bridgeName, string engineId) => new(Path.Combine(options.ExecRoot, "network"), engineId)
    {
        StateFolder = Path.Combine(options.DataRoot, "networks"),
        LinkName = bridgeName,
        HasBridge = bridgeName != "none",
        Address = options.Network.BridgeAddress,
        Address6 = options.Network.BridgeAddress6,
        EnableIPv6 = options.Network.IPv6,
        FixedCidr = options.Network.ContainerRange,
        FixedCidr6 = options.Network.ContainerRange6,
        DefaultGateway = options.Network.DefaultGateway,
        DefaultGateway6 = options.Network.DefaultGateway6,
        Icc = options.Network.ContainersMeet,
        Masquerade = options.Network.Masquerade,
        HostBinding = options.Network.PublishAddress,
        ManagesFirewall = options.Network.Rules,
        Forwards = options.Network.Forwarding,
        Mtu = options.Network.Mtu,
        DefaultPools = options.Network.AddressPools.Count > 0 ? [.. options.Network.AddressPools] : DefaultPools.Docker,
        DefaultNetworkOptions = options.Network.DriverOptions,
    };

    /// <summary>What this node says of itself to its managers.</summary>
    private static NodeDescription Description(HostFacts host, DaemonOptions options) => new()
    {
        Hostname = host.Hostname,
        Platform = new Model.Platform { Architecture = host.Machine, Os = "linux" },
        Resources = new Model.Resources { NanoCpus = host.Cpus * 1_000_000_000L, MemoryBytes = host.MemoryBytes, Generic = GenericResources(options.GenericResources) },
        EngineVersion = EngineVersion.Text,
        EngineLabels = ImmutableSortedDictionary.CreateRange(
            StringComparer.Ordinal,
            options.Labels.Select(label => label.Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0], pair.ElementAtOrDefault(1) ?? ""))
                .DistinctBy(pair => pair.Key)),
        Plugins =
        [
            .. Plugins("Authorization", options.AuthorizationPlugins), .. Plugins("Log", BuiltInDrivers.Log),
            .. Plugins("Network", BuiltInDrivers.Network), .. Plugins("Volume", BuiltInDrivers.Volume),
        ],
    };

    private static IEnumerable<Model.EnginePlugin> Plugins(string type, IEnumerable<string> names) => names.Select(name => new Model.EnginePlugin { Type = type, Name = name });

    private static string EngineId(string dataRoot)
    {
        var path = Path.Combine(dataRoot, "engine-id");
        if (!File.Exists(path))
        {
            DurableFile.Write(path, Encoding.ASCII.GetBytes(Guid.NewGuid().ToString()));
        }

        return File.ReadAllText(path);
    }

    /// <summary>A kind whose values are all numbers is counted; any other is a set of names.</summary>
    private static ImmutableArray<Model.GenericResource> GenericResources(IReadOnlyList<string> given) =>
    [
        .. given.Select(text => text.Split('=', 2)).GroupBy(pair => pair[0], pair => pair[1]).SelectMany(kind =>
            kind.All(value => long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                ? [new Model.GenericResource { Kind = kind.Key, Value = kind.Sum(value => long.Parse(value, CultureInfo.InvariantCulture)) }]
                : kind.Select(value => new Model.GenericResource { Kind = kind.Key, NamedValue = value })),
    ];

    /// <summary>
    /// The small program beside this binary, or else the binary itself, which costs every container some 0.7 MiB more; in development a library that
    /// dotnet runs.
    /// </summary>
    private static string[] ShimCommand()
    {
        var program = Environment.ProcessPath!;
        if (Path.GetFileName(program) == "dotnet")
        {
            return [program, Path.Combine(AppContext.BaseDirectory, "swarm.dll"), "shim"];
        }

        var small = Path.Combine(Path.GetDirectoryName(program)!, "swarm-shim");
        return [File.Exists(small) ? small : program, "shim"];
    }
}

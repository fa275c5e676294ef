using System.Collections.Immutable;
using System.Text;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Swarm.Agent;
using Swarm.Api.Build;
using Swarm.Api.Containers;
using Swarm.Api.Daemon;
using Swarm.Api.Images;
using Swarm.Api.Networks;
using Swarm.Api.Wire;
using Swarm.Commands;
using Swarm.Engine;
using Swarm.Engine.Build;
using Swarm.Engine.Containers;
using Swarm.Engine.Events;
using Swarm.Engine.Images;
using Swarm.Linux;
using Swarm.Model;
using Swarm.Networking;
using Swarm.Networking.Bridge;
using Swarm.Registry;
using NodeDescription = Swarm.Model.NodeDescription;
using ContainerStatus = Swarm.Engine.Containers.ContainerStatus;

namespace Swarm.Daemon;

/// <summary>The node's own engine: images, containers and the bridge network, with or without a cluster.</summary>
internal sealed class LocalEngine : ISystemInfo, INetworkCatalog, IImageUse, IAsyncDisposable
{
    private readonly RegistryClient _registry;
    private readonly NetworkNamespace _host;
    private readonly BridgeNetwork _bridge;
    private readonly ImageStore _images;
    private readonly ContainerEngine _containers;

    private LocalEngine(RegistryClient registry, NetworkNamespace host, BridgeNetwork bridge, ImageStore images, ContainerEngine containers)
    {
        (_registry, _host, _bridge, _images, _containers) = (registry, host, bridge, images, containers);
    }

    /// <summary>Stays the same for this data root.</summary>
    internal required string Id { get; init; }

    internal required HostFacts Host { get; init; }

    internal required NodeTasks Tasks { get; init; }

    internal required ImageBuilder Builder { get; init; }

    internal static async Task<LocalEngine> StartAsync(DaemonOptions options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var id = EngineId(options.DataRoot);
        var facts = HostFacts.Read();
        var registry = new RegistryClient(new RegistryOptions(), time);
        var local = await LocalImages.OpenAsync(options.DataRoot, registry, time, loggers);
        var host = NetworkNamespace.Current();
        var bridgeOptions = new BridgeOptions(Path.Combine(options.ExecRoot, "network"), id)
        {
            LinkName = options.Bridge,
            Address = options.BridgeAddress is { } cidr ? InterfaceAddress.Parse(cidr) : null,
        };
        var bridge = await BridgeNetwork.StartAsync(bridgeOptions, host, time, NodeDaemon.NewRandom(), loggers, cancellation);
        var engineOptions = new EngineOptions
        {
            DataRoot = options.DataRoot,
            ExecRoot = options.ExecRoot,
            CgroupParent = "/" + options.CgroupParent,
            Runtime = RuntimePath(options.Runtime),
            ShimCommand = ShimCommand(),
            NodeName = facts.Hostname,
        };
        var events = new EventBus(time);
        local.Images.Events = events;
        var containers = new ContainerEngine(
            engineOptions, local.Images, local.Rootfs, new BridgeContainerNetwork(bridge), events, time, NodeDaemon.NewRandom(), loggers.CreateLogger<ContainerEngine>());
        await containers.RecoverAsync(cancellation);
        await bridge.RetainAsync(containers.Containers.Where(container => container.State.IsRunning).Select(container => container.Id).ToHashSet(), cancellation);
        var steps = new BuildContainers(containers, local.Rootfs, Path.Combine(options.DataRoot, "build-steps"));
        await steps.CleanUpAsync(cancellation);
        var taskFiles = new TaskFiles(Path.Combine(options.ExecRoot, "task-files"));
        taskFiles.Sweep(containers.Containers.Select(container => TaskContainer.TaskIdOf(container.Record)).OfType<string>().ToHashSet(StringComparer.Ordinal));
        return new LocalEngine(registry, host, bridge, local.Images, containers)
        {
            Id = id,
            Host = facts,
            Builder = new ImageBuilder(
                local, steps, Path.Combine(options.DataRoot, "build"), new HttpClient(), loggers.CreateLogger<ImageBuilder>()),
            Tasks = new NodeTasks(new ContainerExecutor(containers, local.Images, taskFiles, Description(facts, options)), new NodeWork(containers), events),
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

    public IReadOnlyList<ImageUser> UsersOf(string imageId) =>
    [
        .. _containers.Containers.Where(container => container.Record.ImageId == imageId)
            .Select(container => new ImageUser(container.Id, container.State.IsRunning, container.Record.Config.Image ?? imageId)),
    ];

    public IReadOnlyList<NetworkResource> List() => [.. _bridge.Describe().Select(Resource)];

    internal void Map(IEndpointRouteBuilder routes, TimeProvider time)
    {
        new EngineApi(_containers, _containers.Execs, time).Map(routes);
        DiskUsageEndpoint.Map(routes, _containers, _images);
        CommitEndpoint.Map(routes, _containers, _images);
        ImageEndpoints.Map(routes, _images, this, time);
        BuildEndpoints.Map(routes, Builder, _images, this, time);
    }

    public async ValueTask DisposeAsync()
    {
        await _containers.DisposeAsync();
        await _bridge.DisposeAsync();
        _host.Dispose();
        _registry.Dispose();
    }

    /// <summary>What this node says of itself to its managers.</summary>
    private static NodeDescription Description(HostFacts host, DaemonOptions options) => new()
    {
        Hostname = host.Hostname,
        Platform = new Model.Platform { Architecture = host.Machine, Os = "linux" },
        Resources = new Model.Resources { NanoCpus = host.Cpus * 1_000_000_000L, MemoryBytes = host.MemoryBytes },
        EngineVersion = EngineVersion.Text,
        EngineLabels = ImmutableSortedDictionary.CreateRange(
            StringComparer.Ordinal,
            options.Labels.Select(label => label.Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0], pair.ElementAtOrDefault(1) ?? ""))
                .DistinctBy(pair => pair.Key)),
        Plugins =
        [
            new Model.EnginePlugin { Type = "Log", Name = "json-file" },
            new Model.EnginePlugin { Type = "Network", Name = "bridge" },
            new Model.EnginePlugin { Type = "Network", Name = "host" },
            new Model.EnginePlugin { Type = "Network", Name = "null" },
            new Model.EnginePlugin { Type = "Volume", Name = "local" },
        ],
    };

    private static NetworkResource Resource(NetworkDescription network) => new()
    {
        Name = network.Name,
        Id = network.Id,
        Driver = network.Driver,
        Created = network.Created.UtcDateTime,
        Scope = network.Scope,
        EnableIPv4 = true,
        IPAM = network.Subnet is { } subnet ? new IPAM { Config = [new IPAMConfig { Subnet = subnet.ToString(), Gateway = network.Gateway?.ToString() ?? "" }] } : new IPAM(),
        Options = network.Options,
        Containers = network.Members.ToDictionary(member => member.ContainerId, member => new EndpointResource
        {
            EndpointID = member.EndpointId,
            MacAddress = member.MacAddress,
            IPv4Address = $"{member.Address}/{member.PrefixLength}",
        }),
    };

    private static string EngineId(string dataRoot)
    {
        var path = Path.Combine(dataRoot, "engine-id");
        if (!File.Exists(path))
        {
            DurableFile.Write(path, Encoding.ASCII.GetBytes(Guid.NewGuid().ToString()));
        }

        return File.ReadAllText(path);
    }

    private static string RuntimePath(string name)
    {
        const string searched = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        return name.Contains('/', StringComparison.Ordinal)
            ? name
            : searched.Split(':').Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
                ?? throw new IOException($"the OCI runtime {name} is not installed (looked in {searched}). Install it or name another with --default-runtime.");
    }

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

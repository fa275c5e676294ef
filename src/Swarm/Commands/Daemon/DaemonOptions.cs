using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging;
using Swarm.Engine;
using Swarm.Engine.Runtime;
using Swarm.Engine.UserNamespaces;
using Swarm.Registry;

namespace Swarm.Commands;

/// <summary>How a node's daemon runs. Names and meaning as dockerd's where it has them.</summary>
public sealed record DaemonOptions
{
    /// <summary>unix:///path or tcp://host:port; at least one.</summary>
    public required IReadOnlyList<string> Hosts { get; init; }

    /// <summary>Of TCP hosts; null: without.</summary>
    public DaemonTls? Tls { get; init; }

    /// <summary>TCP without TLS was asked for in so many words (--tls=false).</summary>
    public bool PlainTcp { get; init; }

    /// <summary>Owns the unix sockets; null: root. One that the machine does not have is an error only if it was asked for.</summary>
    public string? SocketGroup { get; init; }

    /// <summary>Whether <see cref="SocketGroup"/> must exist.</summary>
    public bool SocketGroupIsAsked { get; init; }

    /// <summary>What survives a reboot: images, layers, containers, the cluster's store and this node's keys.</summary>
    public required string DataRoot { get; init; }

    /// <summary>What does not: runtime state, sockets of the shims.</summary>
    public required string ExecRoot { get; init; }

    /// <summary>Has this process's id while it runs; null: none.</summary>
    public string? PidFile { get; init; }

    /// <summary>Group, relative to the root of the hierarchies, below which containers are put.</summary>
    public required string CgroupParent { get; init; }

    public required NetworkSettings Network { get; init; }

    /// <summary>OCI runtimes by name.</summary>
    public ImmutableSortedDictionary<string, RuntimeProgram> Runtimes { get; init; } = RuntimeCatalog.Crun.Programs;

    /// <summary>One of <see cref="Runtimes"/>.</summary>
    public string DefaultRuntime { get; init; } = RuntimeCatalog.Crun.DefaultName;

    /// <summary>Whose subordinate ids containers get (user, uid, user:group, uid:gid, default); empty: their root is the host's.</summary>
    public string RemapTo { get; init; } = "";

    /// <summary>What <see cref="RemapTo"/> has come to on this machine.</summary>
    public IdMap Ids { get; init; } = IdMap.None;

    public ContainerDefaults Containers { get; init; } = new();

    public RegistryOptions Registry { get; init; } = new();

    /// <summary>Creating a service asks no registry about an image that this node has (DOCKER_SERVICE_PREFER_OFFLINE_IMAGE).</summary>
    public bool PreferOfflineImages { get; init; }

    /// <summary>KEY=value, seen in `info` and as engine.labels.KEY in constraints.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>KEY=value, as --node-generic-resource gives them.</summary>
    public IReadOnlyList<string> GenericResources { get; init; } = [];

    /// <summary>address[:port] or interface[:port] at which this node, in a cluster already, is reached from now on; null: as before.</summary>
    public string? AdvertiseAddress { get; init; }

    /// <summary>What `swarm init` and `join` without --advertise-addr take; empty: found.</summary>
    public string DefaultAdvertiseAddress { get; init; } = "";

    /// <summary>host:port where managers of the cluster may be now.</summary>
    public IReadOnlyList<string> Peers { get; init; } = [];

    /// <summary>Names of plugins that are asked about each request, in their order.</summary>
    public IReadOnlyList<string> AuthorizationPlugins { get; init; } = [];

    /// <summary>For calls in flight, once the daemon was told to stop.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Of this process; null: as it was started.</summary>
    public int? OomScoreAdjust { get; init; }

    /// <summary>Where metrics are served; null: nowhere.</summary>
    public IPEndPoint? Metrics { get; init; }

    /// <summary>Where CDI files are, lowest priority first; empty: CDI is off.</summary>
    public IReadOnlyList<string> CdiFolders { get; init; } = EngineOptions.DefaultCdiFolders;

    public IReadOnlyDictionary<string, bool> Features { get; init; } = new Dictionary<string, bool>();
    public bool Debug { get; init; }

    /// <summary>What is logged from; <see cref="Debug"/> wins.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;
    public bool JsonLogs { get; init; }
    public bool Experimental { get; init; }

    /// <summary>What was asked for but is worth less here: logged at the start.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>Reads the configuration again, for a reload: only what a running daemon can change of it is then used.</summary>
    public Func<DaemonOptions>? Again { get; init; }
}

/// <summary>TLS of the TCP hosts.</summary>
/// <param name="Authority">PEM file of those who sign clients' certificates; null: the machine's own.</param>
/// <param name="VerifiesClients">A client needs a certificate.</param>
public sealed record DaemonTls(string? Authority, string Certificate, string Key, bool VerifiesClients);

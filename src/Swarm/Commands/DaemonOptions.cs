namespace Swarm.Commands;

/// <summary>How a node's daemon runs. Names and meaning as dockerd's where it has them.</summary>
public sealed record DaemonOptions
{
    /// <summary>unix:///path or tcp://host:port; at least one.</summary>
    public required IReadOnlyList<string> Hosts { get; init; }

    /// <summary>What survives a reboot: images, layers, containers, the cluster's store and this node's keys.</summary>
    public required string DataRoot { get; init; }

    /// <summary>What does not: runtime state, sockets of the shims.</summary>
    public required string ExecRoot { get; init; }

    /// <summary>Group, relative to the root of the hierarchies, below which containers are put.</summary>
    public required string CgroupParent { get; init; }

    /// <summary>Name of the bridge of the network `bridge`.</summary>
    public required string Bridge { get; init; }

    /// <summary>Address and prefix of that bridge, CIDR; null: the first free one of the default pools.</summary>
    public string? BridgeAddress { get; init; }

    /// <summary>OCI runtime, by name or path.</summary>
    public required string Runtime { get; init; }

    /// <summary>KEY=value, seen in `info` and as engine.labels.KEY in constraints.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>address[:port] or interface[:port] at which this node, in a cluster already, is reached from now on; null: as before.</summary>
    public string? AdvertiseAddress { get; init; }

    /// <summary>host:port where managers of the cluster may be now.</summary>
    public IReadOnlyList<string> Peers { get; init; } = [];
    public bool Debug { get; init; }
}

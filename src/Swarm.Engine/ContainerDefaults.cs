using System.Net;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine;

/// <summary>What a container gets that does not say otherwise: the part of the daemon's configuration that is about containers.</summary>
public sealed record ContainerDefaults
{
    public IReadOnlyList<Ulimit> Ulimits { get; init; } = [];

    /// <summary>Bytes; 0: 64 MiB.</summary>
    public long ShmSize { get; init; }

    /// <summary>private or shareable.</summary>
    public string IpcMode { get; init; } = "private";

    /// <summary>private or host; empty: what fits the machine's control groups.</summary>
    public string CgroupnsMode { get; init; } = "";

    /// <summary>Empty: the built-in profile; "unconfined"; else a profile's JSON.</summary>
    public string SeccompProfile { get; init; } = "";
    public bool NoNewPrivileges { get; init; }

    /// <summary>Containers get an init as process 1.</summary>
    public bool Init { get; init; }

    /// <summary>The init; empty: the machine's own, else ours.</summary>
    public string InitPath { get; init; } = "";

    /// <summary>Name servers; empty: the host's.</summary>
    public IReadOnlyList<string> Dns { get; init; } = [];
    public IReadOnlyList<string> DnsOptions { get; init; } = [];
    public IReadOnlyList<string> DnsSearch { get; init; } = [];

    /// <summary>What host-gateway means in extra hosts; empty: the gateway of the container's network.</summary>
    public IReadOnlyList<IPAddress> HostGateways { get; init; } = [];

    /// <summary>json-file, local or none.</summary>
    public string LogDriver { get; init; } = "json-file";

    /// <summary>Of <see cref="LogDriver"/>.</summary>
    public IReadOnlyDictionary<string, string> LogOptions { get; init; } = new Dictionary<string, string>();
}

using Swarm.Engine.Runtime;
using Swarm.Engine.UserNamespaces;

namespace Swarm.Engine;

/// <summary>Where one node's engine keeps its things and how it runs containers. Several engines on one machine differ in every path.</summary>
public sealed record EngineOptions
{
    /// <summary>Durable: containers, volumes, images.</summary>
    public required string DataRoot { get; init; }

    /// <summary>Volatile, lost with a reboot: bundles, sockets of the shims, the runtime's state. Best on a tmpfs.</summary>
    public required string ExecRoot { get; init; }

    /// <summary>Containers' control groups are made below this one.</summary>
    public string CgroupParent { get; init; } = "/swarm";

    /// <summary>The OCI runtimes that containers may name.</summary>
    public RuntimeCatalog Runtimes { get; init; } = RuntimeCatalog.Crun;

    /// <summary>How a shim is started: a program and its first arguments.</summary>
    public required IReadOnlyList<string> ShimCommand { get; init; }

    /// <summary>What `docker info` calls this node; the hostname in containers that share the host's.</summary>
    public string NodeName { get; init; } = Environment.MachineName;

    /// <summary>What containers get that do not say otherwise.</summary>
    public ContainerDefaults Defaults { get; init; } = new();

    /// <summary>Who containers' users are on the host. Fixed for a data root: its files lie there with these ids.</summary>
    public IdMap Ids { get; init; } = IdMap.None;

    /// <summary>Where files of the Container Device Interface are, lowest priority first; empty: no such devices.</summary>
    public IReadOnlyList<string> CdiFolders { get; init; } = DefaultCdiFolders;

    /// <summary>Docker's.</summary>
    public static IReadOnlyList<string> DefaultCdiFolders { get; } = ["/etc/cdi", "/var/run/cdi"];

    internal string UserNamespacesPath => Path.Combine(ExecRoot, "userns");
    internal string ContainersPath => Path.Combine(DataRoot, "containers");
    internal string VolumesPath => Path.Combine(DataRoot, "volumes");
    internal string BundlesPath => Path.Combine(ExecRoot, "shims");
    internal string RuntimeStatePath => Path.Combine(ExecRoot, "runtime");
    internal string SharedMemoryPath => Path.Combine(ExecRoot, "shm");
    internal string SubpathsPath => Path.Combine(ExecRoot, "subpaths");
    internal string SeccompPath => Path.Combine(DataRoot, "seccomp");
}

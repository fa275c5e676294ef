namespace Swarm.Api.Daemon;

/// <summary>The daemon's configuration as `docker info` shows it.</summary>
public sealed record ConfiguredFacts
{
    public IReadOnlyList<string> Labels { get; init; } = [];
    public bool Debug { get; init; }
    public bool Experimental { get; init; }
    public string LogDriver { get; init; } = "json-file";

    /// <summary>1 or 2.</summary>
    public string CgroupVersion { get; init; } = "2";

    /// <summary>Path and first arguments by name.</summary>
    public IReadOnlyDictionary<string, (string Path, IReadOnlyList<string> Arguments)> Runtimes { get; init; } =
        new Dictionary<string, (string, IReadOnlyList<string>)> { ["crun"] = ("crun", []) };
    public string DefaultRuntime { get; init; } = "crun";
    public IReadOnlyList<string> Mirrors { get; init; } = [];

    /// <summary>Hosts, with or without port.</summary>
    public IReadOnlyList<string> InsecureRegistries { get; init; } = [];

    /// <summary>CIDR; this machine's own loopback is always among them.</summary>
    public IReadOnlyList<string> InsecureNetworks { get; init; } = [];

    /// <summary>Without names and passwords.</summary>
    public string HttpProxy { get; init; } = "";

    /// <inheritdoc cref="HttpProxy"/>
    public string HttpsProxy { get; init; } = "";
    public string NoProxy { get; init; } = "";

    /// <summary>As in SecurityOptions: name=seccomp,profile=builtin.</summary>
    public IReadOnlyList<string> SecurityOptions { get; init; } = ["name=seccomp,profile=builtin"];

    /// <summary>Base and prefix length; empty: Docker's.</summary>
    public IReadOnlyList<(string Base, int Size)> AddressPools { get; init; } = [];
    public IReadOnlyList<string> AuthorizationPlugins { get; init; } = [];
    public string InitBinary { get; init; } = "docker-init";

    /// <summary>Where CDI files are looked for; empty: CDI is off.</summary>
    public IReadOnlyList<string> CdiFolders { get; init; } = [];

    /// <summary>Fully qualified names of what they describe now.</summary>
    public IReadOnlyList<string> CdiDevices { get; init; } = [];
    public IReadOnlyList<string> CdiWarnings { get; init; } = [];

    /// <summary>Containers forward: false where --ip-forward=false left the host as it was.</summary>
    public bool Forwards { get; init; } = true;
}

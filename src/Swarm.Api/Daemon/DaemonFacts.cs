using Swarm.Engine.Runtime;

namespace Swarm.Api.Daemon;

/// <summary>What does not change while the daemon runs, as `docker version` and `docker info` show it.</summary>
public sealed record DaemonFacts
{
    public required HostFacts Host { get; init; }

    /// <summary>Unique to this daemon, kept across restarts.</summary>
    public required string EngineId { get; init; }
    public required string EngineVersion { get; init; }
    public string GitCommit { get; init; } = "";
    public string BuildTime { get; init; } = "";
    public required string DataRoot { get; init; }
    public string StorageDriver { get; init; } = "overlay2";

    /// <summary>What `docker info` says of the driver, in lines of a name and a value.</summary>
    public IReadOnlyList<IReadOnlyList<string>> DriverStatus { get; init; } = [];

    /// <summary>The default OCI runtime's name.</summary>
    public string Runtime { get; init; } = "crun";
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>What changes, asked for at each `docker info`.</summary>
public interface ISystemInfo
{
    ContainerCounts Containers { get; }

    int Images { get; }

    /// <summary>Clients that listen to events now.</summary>
    int EventListeners => 0;

    /// <summary>Of the default OCI runtime; both texts are empty if it does not say.</summary>
    Task<RuntimeVersion> RuntimeVersionAsync(CancellationToken cancellation) => Task.FromResult(new RuntimeVersion("", ""));

    /// <summary>The part of the configuration that is shown, which a reload changes.</summary>
    ConfiguredFacts Configured => new();
}

public readonly record struct ContainerCounts(int Running, int Paused, int Stopped);

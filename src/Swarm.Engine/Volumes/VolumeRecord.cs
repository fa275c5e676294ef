using System.Text.Json.Serialization;

namespace Swarm.Engine.Volumes;

/// <summary>What is kept beside a volume's data.</summary>
public sealed record VolumeRecord
{
    public required string Name { get; init; }
    public required DateTimeOffset Created { get; init; }

    /// <summary>Made for one container, with which it goes.</summary>
    public bool Anonymous { get; init; }
    public Dictionary<string, string> Labels { get; init; } = [];

    /// <summary>What is mounted at it while it is used; empty: it is a folder of ours.</summary>
    public Dictionary<string, string> Options { get; set; } = [];
}

/// <summary>Volume of the Engine API.</summary>
public sealed record VolumeView
{
    public required string Name { get; init; }
    public string Driver { get; init; } = "local";
    public required string Mountpoint { get; init; }
    public required string CreatedAt { get; init; }
    public required IReadOnlyDictionary<string, string> Labels { get; init; }
    public string Scope { get; init; } = "local";
    public IReadOnlyDictionary<string, string>? Options { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VolumeUsage? UsageData { get; init; }
}

/// <param name="Size">Bytes; -1: unknown, as of a volume that is mounted from elsewhere.</param>
/// <param name="RefCount">Containers that have it.</param>
public sealed record VolumeUsage(long Size, long RefCount);

public sealed record VolumeCreateRequest
{
    public string? Name { get; init; }
    public string? Driver { get; init; }
    public Dictionary<string, string>? DriverOpts { get; init; }
    public Dictionary<string, string>? Labels { get; init; }
    public System.Text.Json.JsonElement? ClusterVolumeSpec { get; init; }
}

public sealed record VolumeList(IReadOnlyList<VolumeView> Volumes, IReadOnlyList<string>? Warnings);

public sealed record VolumesPruned(IReadOnlyList<string> VolumesDeleted, long SpaceReclaimed);

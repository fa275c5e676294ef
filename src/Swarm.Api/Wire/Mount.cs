namespace Swarm.Api.Wire;

public sealed record Mount
{
    public string? Type { get; init; }
    public string? Source { get; init; }
    public string? Target { get; init; }
    public bool? ReadOnly { get; init; }
    public string? Consistency { get; init; }
    public BindOptions? BindOptions { get; init; }
    public VolumeOptions? VolumeOptions { get; init; }
    public TmpfsOptions? TmpfsOptions { get; init; }
}

public sealed record BindOptions
{
    public string? Propagation { get; init; }
    public bool? NonRecursive { get; init; }
    public bool? CreateMountpoint { get; init; }
    public bool? ReadOnlyNonRecursive { get; init; }
    public bool? ReadOnlyForceRecursive { get; init; }
}

public sealed record VolumeOptions
{
    public bool? NoCopy { get; init; }
    public IReadOnlyDictionary<string, string?>? Labels { get; init; }
    public string? Subpath { get; init; }
    public Driver? DriverConfig { get; init; }
}

public sealed record TmpfsOptions
{
    public long? SizeBytes { get; init; }
    public uint? Mode { get; init; }

    /// <summary>Each a flag, or a name and a value.</summary>
    public IReadOnlyList<IReadOnlyList<string>>? Options { get; init; }
}

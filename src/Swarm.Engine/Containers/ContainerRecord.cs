using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Containers;

/// <summary>What a container is, written durably before anything is done for it. Only the name ever changes.</summary>
public sealed record ContainerRecord
{
    /// <summary>64 hex digits.</summary>
    public required string Id { get; init; }

    /// <summary>Without a slash.</summary>
    public required string Name { get; init; }
    public required DateTimeOffset Created { get; init; }
    public required string ImageId { get; init; }

    /// <summary>What the user gave, over what the image says.</summary>
    public required ContainerConfig Config { get; init; }
    public required HostConfig HostConfig { get; init; }
    public NetworkingConfig? NetworkingConfig { get; init; }

    /// <summary>Entrypoint and command together; never empty.</summary>
    public required IReadOnlyList<string> Command { get; init; }
    public required IReadOnlyList<MountPoint> Mounts { get; init; }

    /// <summary>Files that whoever made the container keeps for it while it runs. Not shown, and not part of what `docker cp` sees.</summary>
    public IReadOnlyList<PrivateFile> PrivateFiles { get; init; } = [];

    /// <summary>First twelve digits.</summary>
    public string ShortId() => Id[..12];
}

/// <param name="Destination">Absolute, in the container; read-only there.</param>
/// <param name="Source">On the host.</param>
public sealed record PrivateFile(string Destination, string Source);

public enum MountKind { Bind, Volume, Tmpfs }

/// <summary>One resolved mount.</summary>
public sealed record MountPoint
{
    public required MountKind Kind { get; init; }

    /// <summary>Absolute, in the container.</summary>
    public required string Destination { get; init; }

    /// <summary>Bind: host path. Volume: its data folder. Tmpfs: empty.</summary>
    public string Source { get; init; } = "";

    /// <summary>Of the volume.</summary>
    public string Name { get; init; } = "";

    /// <summary>The volume was made for this container and goes with it.</summary>
    public bool Anonymous { get; init; }
    public bool ReadOnly { get; init; }
    public bool NonRecursive { get; init; }

    /// <summary>What is mounted below stays as it is, of a read-only mount.</summary>
    public bool ReadOnlyNonRecursive { get; init; }
    public string Propagation { get; init; } = "";

    /// <summary>The mode field of -v, as given.</summary>
    public string Mode { get; init; } = "";
    public IReadOnlyList<string> TmpfsOptions { get; init; } = [];

    /// <summary>The folder or file of the volume that is mounted in place of all of it; relative.</summary>
    public string Subpath { get; set; } = "";
}

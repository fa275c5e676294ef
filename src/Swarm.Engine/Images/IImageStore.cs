using System.Collections.Immutable;

namespace Swarm.Engine.Images;

/// <summary>Images of this node, by id (sha256 of the configuration) and by reference.</summary>
public interface IImageStore
{
    /// <summary>By id, id prefix, or reference as a user types it (`busybox`, `busybox:1`, `repo@sha256:...`); null if this node has none.</summary>
    Image? Find(string idOrReference);

    /// <summary>Gets an image from its registry, unless <paramref name="reference"/> is found to be current.</summary>
    /// <param name="registryAuth">Docker's X-Registry-Auth value (base64url JSON), or null.</param>
    /// <param name="progress">One record per step, as Docker streams them.</param>
    /// <exception cref="EngineException">Not found, denied, unreachable: with Docker's status and text.</exception>
    Task<Image> PullAsync(string reference, string? registryAuth, Action<PullProgress>? progress, CancellationToken cancellation);
}

/// <summary>An image as containers are made from it.</summary>
public sealed record Image
{
    /// <summary>sha256:hex of the configuration.</summary>
    public required string Id { get; init; }

    /// <summary>repo:tag, familiar form (busybox:latest).</summary>
    public ImmutableArray<string> RepoTags { get; init; } = [];

    /// <summary>repo@sha256:hex.</summary>
    public ImmutableArray<string> RepoDigests { get; init; } = [];
    public required ImageConfig Config { get; init; }
    public string Architecture { get; init; } = "";
    public string Os { get; init; } = "linux";
    public DateTimeOffset? Created { get; init; }

    /// <summary>Id of the image that it was built upon here; empty for what came from elsewhere.</summary>
    public string Parent { get; init; } = "";

    /// <summary>Whether other images of this node were built upon it.</summary>
    public bool HasChildren { get; init; }

    /// <summary>A nameless step of a build that others stand on: not shown unless asked for.</summary>
    public bool IsBuildStep => HasChildren && RepoTags.IsEmpty && RepoDigests.IsEmpty;

    /// <summary>Bytes, uncompressed, of all layers.</summary>
    public long Size { get; init; }

    /// <summary>sha256:hex of each uncompressed layer, lowest first.</summary>
    public ImmutableArray<string> DiffIds { get; init; } = [];
}

/// <summary>The part of an OCI image configuration that a container inherits.</summary>
public sealed record ImageConfig
{
    public ImmutableArray<string> Entrypoint { get; init; } = [];
    public ImmutableArray<string> Cmd { get; init; } = [];
    public ImmutableArray<string> Env { get; init; } = [];
    public string WorkingDir { get; init; } = "";
    public string User { get; init; } = "";
    public string StopSignal { get; init; } = "";
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>As in "80/tcp".</summary>
    public ImmutableArray<string> ExposedPorts { get; init; } = [];
    public ImmutableArray<string> Volumes { get; init; } = [];
    public Containers.Wire.HealthConfig? Healthcheck { get; init; }

    /// <summary>What runs commands given as one line; empty: /bin/sh -c.</summary>
    public ImmutableArray<string> Shell { get; init; } = [];
}

/// <param name="Id">Layer's short id, or empty for a line about the whole.</param>
public sealed record PullProgress(string Status, string Id = "", long Current = 0, long Total = 0);

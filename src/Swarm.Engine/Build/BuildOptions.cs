using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Build;

/// <summary>What a client asks of a build: the query of POST /build.</summary>
public sealed record BuildOptions
{
    public const string DefaultDockerfile = "Dockerfile";

    /// <summary>Path in the context.</summary>
    public string Dockerfile { get; init; } = DefaultDockerfile;

    /// <summary>References that the image gets.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Name or number of the last stage that is wanted; empty: all.</summary>
    public string Target { get; init; } = "";

    /// <summary>A null value: named without one, which only asks that the Dockerfile knows it.</summary>
    public IReadOnlyDictionary<string, string?> Arguments { get; init; } = new Dictionary<string, string?>();
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
    public bool NoCache { get; init; }

    /// <summary>Ask the registry for each base image, also those that are here.</summary>
    public bool Pull { get; init; }

    /// <summary>Remove the containers of steps that succeeded.</summary>
    public bool Remove { get; init; } = true;

    /// <summary>Remove those of failed steps too.</summary>
    public bool ForceRemove { get; init; }

    /// <summary>Images to take steps from, and only from them; empty: whatever was built here.</summary>
    public IReadOnlyList<string> CacheFrom { get; init; } = [];

    /// <summary>Limits and network of the containers that RUN makes.</summary>
    public HostConfig Host { get; init; } = new();

    /// <summary>X-Registry-Auth for a registry's host; null: none is known.</summary>
    public Func<string, string?> RegistryAuth { get; init; } = static _ => null;
}

/// <summary>One piece of a build's progress; one of its members is set.</summary>
/// <param name="Text">Of the stream that a user reads.</param>
/// <param name="Pull">A step of the pull of a base image.</param>
/// <param name="ImageId">What a stage ended as.</param>
public sealed record BuildLine(string? Text = null, Images.PullProgress? Pull = null, string? ImageId = null);

/// <summary>A step's command ended with another status than 0.</summary>
public sealed class BuildFailedException(string message, int code) : Exception(message)
{
    public int Code { get; } = code;
}

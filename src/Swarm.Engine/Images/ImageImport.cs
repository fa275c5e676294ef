namespace Swarm.Engine.Images;

/// <summary>`docker import`: an archive of a file system becomes an image of one layer.</summary>
public sealed record ImageImport
{
    /// <summary>Null: no name.</summary>
    public ImageReference? Name { get; init; }

    /// <summary>The image's comment.</summary>
    public string Message { get; init; } = "";

    /// <summary>Instructions of a Dockerfile that only change the configuration.</summary>
    public IReadOnlyList<string> Changes { get; init; } = [];

    /// <summary>Null: this machine's.</summary>
    public ImagePlatform? Platform { get; init; }
}

using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Images;

/// <summary>An image to be made of another one, what changed in a container over it, and a configuration.</summary>
public sealed record ImageCommit
{
    /// <summary>Id of the image below; null or empty: nothing is below.</summary>
    public string? ParentId { get; init; }

    /// <summary>
    /// Writes the changes as a layer's tar archive (whiteouts as `.wh.` names); null: only the configuration changes. An archive without
    /// members makes no layer. See <see cref="ImageStore.UpperArchive"/>.
    /// </summary>
    public Action<Stream>? Layer { get; init; }

    /// <summary>What containers inherit. Host names, attachments and the image's own name are left out of it.</summary>
    public required ContainerConfig Config { get; init; }

    /// <summary>For the history.</summary>
    public string CreatedBy { get; init; } = "";
    public string Author { get; init; } = "";
    public string Comment { get; init; } = "";

    /// <summary>Null: the image gets no name.</summary>
    public ImageReference? Name { get; init; }

    /// <summary>Null: this machine's.</summary>
    public string? Architecture { get; init; }
}

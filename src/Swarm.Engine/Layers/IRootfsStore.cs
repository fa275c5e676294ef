namespace Swarm.Engine.Layers;

/// <summary>Writable root file systems over an image's layers.</summary>
public interface IRootfsStore
{
    /// <summary>
    /// Makes the container's writable layer over the image's layers (by chain id, lowest first). Durable; safe to repeat. Not yet mounted.
    /// </summary>
    void Create(string containerId, IReadOnlyList<string> diffIds);

    /// <summary>Mounts it (no-op if it is) and answers the absolute path of the merged root. Mounts do not survive a reboot: call before each start.</summary>
    string Mount(string containerId);

    void Unmount(string containerId);

    /// <summary>Where the container's changes are, and over what, as overlayfs keeps them.</summary>
    RootfsFolders Folders(string containerId);

    /// <summary>Where it is, as an inspection shows it (Docker's names); null: this store has it not, or not all of its layers.</summary>
    IReadOnlyDictionary<string, string>? Describe(string containerId);

    /// <summary>Unmounts and deletes the writable layer. Safe to repeat.</summary>
    void Remove(string containerId);
}

/// <param name="Upper">The container's own changes.</param>
/// <param name="Lowers">The image's layers, highest first.</param>
public sealed record RootfsFolders(string Upper, IReadOnlyList<string> Lowers);

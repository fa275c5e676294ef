using Swarm.Engine.UserNamespaces;

namespace Swarm.Engine.Archives;

/// <summary>What `.wh.` names mean (OCI image-spec, layer.md, "Whiteouts").</summary>
public enum WhiteoutForm
{
    /// <summary>Nothing: they are files like others. For `docker cp` and export.</summary>
    Literal,

    /// <summary>They become overlayfs whiteouts (device 0,0) and opaque folders. For layers.</summary>
    Overlay,
}

/// <summary>How an archive is unpacked.</summary>
public sealed record ExtractOptions
{
    public static ExtractOptions Default { get; } = new();

    public WhiteoutForm Whiteouts { get; init; } = WhiteoutForm.Literal;

    /// <summary>Owner of everything instead of the archive's (`docker cp` without -a).</summary>
    public (uint Uid, uint Gid)? Owner { get; init; }

    /// <summary>Permission bits of every file and folder instead of the archive's (`COPY --chmod`).</summary>
    public int? Mode { get; init; }

    /// <summary>Refuse to put a file where a folder is, or a folder where a file is (`noOverwriteDirNonDir`).</summary>
    public bool KeepKinds { get; init; }

    /// <summary>The archive's entry for the root itself does not change the root (`docker cp`).</summary>
    public bool KeepTop { get; init; }

    /// <summary>
    /// Trees below, highest first: a folder that the archive only implies takes its owner and mode from there, so that it does not
    /// reset them in the merged view.
    /// </summary>
    public IReadOnlyList<string> Lowers { get; init; } = [];

    /// <summary>Names that lead out of the root are taken as if it were the file system's own, instead of refused (build contexts).</summary>
    public bool Confine { get; init; }

    /// <summary>Owners are a container's, those on disk the host's.</summary>
    public IdMap Ids { get; init; } = IdMap.None;

    /// <summary>Runs of zeros become holes, so that they take no room.</summary>
    public bool Sparse { get; init; }

    /// <summary>Told how many bytes are about to be written; what it throws ends the unpacking.</summary>
    public Action<long>? Writing { get; init; }

    public TarLimits Limits { get; init; } = TarLimits.Default;
}

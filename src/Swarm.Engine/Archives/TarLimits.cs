namespace Swarm.Engine.Archives;

/// <summary>What an archive of unknown origin may ask of this machine.</summary>
public sealed record TarLimits
{
    public static TarLimits Default { get; } = new();

    /// <summary>Bytes of one long name or extended header.</summary>
    public int HeaderBytes { get; init; } = 1 << 20;

    public long Entries { get; init; } = 8_000_000;

    /// <summary>Bytes of content of the whole archive.</summary>
    public long TotalBytes { get; init; } = 256L << 30;
}

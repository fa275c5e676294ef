using MessagePack;

namespace Swarm.Model;

/// <summary>
/// What the nodes of an encrypted network seal its frames with: the key that is used, the one before it and the next, which every node has before anybody
/// uses it. They are the network's own: a node without a part in it never gets them. Never logged or answered.
/// </summary>
[MessagePackObject]
public sealed record NetworkKeys : VersionedRecord
{
    /// <summary>The <see cref="NetworkKey.Number"/> of the key to send with.</summary>
    [Key(0)] public long Current { get; init; }

    /// <summary>All of them are heard.</summary>
    [Key(1)] public ImmutableArray<NetworkKey> All { get; init; } = [];

    /// <summary>When <see cref="Current"/> became it.</summary>
    [Key(2)] public DateTimeOffset Since { get; init; }

    public override string ToString() => $"NetworkKeys {{ Current = {Current} }}";
}

/// <summary>A key of a network.</summary>
[MessagePackObject]
public sealed record NetworkKey : VersionedRecord
{
    /// <summary>From 1, one more for each.</summary>
    [Key(0)] public long Number { get; init; }

    /// <summary>32 random bytes.</summary>
    [Key(1)] public byte[] Secret { get; init; } = [];

    public override string ToString() => $"NetworkKey {{ Number = {Number} }}";
}

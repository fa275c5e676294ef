using MessagePack;

namespace Swarm.Rpc.Work;

[MessagePackObject]
public sealed record TaskLogRequest
{
    [Key(0)] public string TaskId { get; init; } = "";
    [Key(1)] public bool Stdout { get; init; }
    [Key(2)] public bool Stderr { get; init; }
    [Key(3)] public bool Follow { get; init; }
    [Key(4)] public DateTimeOffset? Since { get; init; }
    [Key(5)] public DateTimeOffset? Until { get; init; }

    /// <summary>The last lines only; null: all.</summary>
    [Key(6)] public int? Tail { get; init; }
}

[MessagePackObject]
public sealed record LogBatch
{
    /// <summary>Bytes of lines after which a batch is sent.</summary>
    public const int TargetSize = 64 * 1024;

    /// <summary>As <see cref="LogLines"/> writes them.</summary>
    [Key(0)] public byte[] Lines { get; init; } = [];

    /// <summary>All that was written before the request has been sent; what follows is new.</summary>
    [Key(1)] public bool IsCaughtUp { get; init; }

    /// <summary>Of the last line; null: there is none in it.</summary>
    [Key(2)] public DateTimeOffset? LastTime { get; init; }
}

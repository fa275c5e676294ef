using System.Text.Json.Serialization;

namespace Swarm.Chaos.Histories;

/// <summary>What a client may say afterwards about what it asked for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Outcome>))]
public enum Outcome
{
    /// <summary>Acknowledged: it was done between the call and the answer.</summary>
    Ok,

    /// <summary>Refused, and certainly not done, now or later.</summary>
    Failed,

    /// <summary>No answer, or one that says so: done at any time since the call, or never.</summary>
    Unknown,
}

[JsonConverter(typeof(JsonStringEnumConverter<OperationKind>))]
public enum OperationKind
{
    Read,
    CompareAndSet,
    Create,
    List,

    /// <summary>Of a service with containers.</summary>
    Start,
    Scale,
    Remove,
}

/// <summary>One call of one client, from the moment before it was sent to the moment after its answer came. Times count from the run's start.</summary>
public sealed record Operation
{
    public required int Client { get; init; }
    public required OperationKind Kind { get; init; }

    /// <summary>What it was about: the register's name, or the service's. Of a list empty.</summary>
    public required string Key { get; init; }

    /// <summary>The manager that was asked.</summary>
    public string Node { get; init; } = "";
    public required TimeSpan Invoked { get; init; }

    /// <summary>Of an unknown outcome: when the client gave up. The operation itself may still be done later.</summary>
    public required TimeSpan Completed { get; init; }
    public required Outcome Outcome { get; init; }

    /// <summary>The value that a compare-and-set expects.</summary>
    public string? Expected { get; init; }

    /// <summary>What was written or read; null: there was no such object.</summary>
    public string? Value { get; init; }

    /// <summary>The object's version that was read.</summary>
    public ulong? Version { get; init; }

    /// <summary>Of a create: the new object's id.</summary>
    public string? Id { get; init; }

    /// <summary>Of a list: what it held, in its order.</summary>
    public IReadOnlyList<ListedObject>? Listed { get; init; }

    /// <summary>Why it was not acknowledged.</summary>
    public string? Error { get; init; }

    [JsonIgnore] public TimeSpan Latency => Completed - Invoked;

    [JsonIgnore] public bool IsWrite => Kind is not (OperationKind.Read or OperationKind.List);

    public override string ToString() =>
        $"client {Client} {Kind} {Key}{(Expected is null ? "" : $" {Expected} ->")}{(Value is null ? "" : " " + Value)} through {Node}"
        + $" {Invoked.TotalSeconds:0.000}..{(Outcome == Outcome.Unknown ? "?" : Completed.TotalSeconds.ToString("0.000", null))} s {Outcome}";
}

public sealed record ListedObject(string Name, string Id);

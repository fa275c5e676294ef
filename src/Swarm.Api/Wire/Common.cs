using System.Text.Json.Serialization;

namespace Swarm.Api.Wire;

// The JSON of the Engine API v1.51, named as Docker names its types: the name shows in the texts of JSON errors.
// Everything a client may leave out is nullable; null is not written, as Go's omitempty.

/// <summary>The store's version of an object; an update carries the one that it was decided on.</summary>
public sealed record Version
{
    public ulong Index { get; init; }
}

public sealed record Driver
{
    public string? Name { get; init; }
    public IReadOnlyDictionary<string, string?>? Options { get; init; }
}

public sealed record Platform
{
    public string? Architecture { get; init; }
    public string? OS { get; init; }
}

public sealed record ServiceCreateResponse
{
    public string ID { get; init; } = "";

    /// <summary>Also written when there are none, as by Docker.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public IReadOnlyList<string>? Warnings { get; init; }
}

public sealed record ServiceRebalanceResponse
{
    public IReadOnlyList<TaskMove> Moves { get; init; } = [];
}

/// <summary>A task that moves, from a node (its id) to where the scheduler would put it now.</summary>
public sealed record TaskMove
{
    public string TaskID { get; init; } = "";
    public ulong Slot { get; init; }
    public string From { get; init; } = "";
    public string To { get; init; } = "";
}

public sealed record ServiceUpdateResponse
{
    /// <summary>Also written when there are none, as by Docker.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public IReadOnlyList<string>? Warnings { get; init; }
}

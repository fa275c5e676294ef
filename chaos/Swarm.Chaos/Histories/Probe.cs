using System.Text.Json.Serialization;

namespace Swarm.Chaos.Histories;

/// <summary>How a service was asked for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ProbeKind>))]
public enum ProbeKind
{
    /// <summary>By its name, from a container.</summary>
    Name,

    /// <summary>By <c>tasks.</c> and its name.</summary>
    Tasks,

    /// <summary>By an address, which is its virtual one or a task's.</summary>
    Address,

    /// <summary>By its published port at a node, from outside.</summary>
    Port,
}

/// <summary>One question to a service on a network: what its name answered, and who answered at the address. Times count from the run's start.</summary>
public sealed record Probe
{
    public required ProbeKind Kind { get; init; }

    /// <summary>Where the asking container is; of a port the node that was asked.</summary>
    public required string Node { get; init; }

    /// <summary>The name, the address or the port.</summary>
    public required string Target { get; init; }

    /// <summary>Before the name server was asked.</summary>
    public required TimeSpan Invoked { get; init; }
    public required TimeSpan Completed { get; init; }

    /// <summary>What the name server said; empty: nobody is called so, or has no address. Null: no answer, or it was not asked.</summary>
    public IReadOnlyList<string>? Addresses { get; init; }

    /// <summary>The address that was then connected to.</summary>
    public string? Reached { get; init; }

    /// <summary>The client's side of the connection.</summary>
    public string? Own { get; init; }

    /// <summary>Null: no backend answered.</summary>
    public ProbeAnswer? Answer { get; init; }

    /// <summary>Why not.</summary>
    public string? Error { get; init; }

    public override string ToString() =>
        $"{Kind} {Target} at {Node}, {Invoked.TotalSeconds:0.000}..{Completed.TotalSeconds:0.000} s"
        + (Addresses is null ? "" : $": {(Addresses.Count == 0 ? "no address" : string.Join(" ", Addresses))}")
        + (Answer is null ? "" : $"; answered by {Answer.Service} on {Answer.Node}{(Reached is null ? "" : " at " + Reached)}");
}

/// <summary>What a backend says.</summary>
/// <param name="Service">The token of its service.</param>
/// <param name="Node">Where it runs.</param>
/// <param name="Client">Who asks, as it sees it.</param>
public sealed record ProbeAnswer(string Service, string Node, string Client);

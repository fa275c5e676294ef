using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Swarm.Lab.Processes;

namespace Swarm.Lab.State;

/// <summary>What is known of a lab between two commands. Live facts (is the daemon alive, is it paused) are read from the kernel instead.</summary>
public sealed record LabRecord
{
    public required string Name { get; init; }

    /// <summary>Third number of the lab's addresses: 10.77.INDEX.x.</summary>
    public required int Index { get; init; }

    /// <summary>The executable that its daemons run; absolute.</summary>
    public required string Binary { get; init; }
    public required DateTimeOffset Created { get; init; }
    public ImmutableArray<NodeRecord> Nodes { get; init; } = [];

    /// <summary>Groups of node names that cannot reach each other; empty: all is well.</summary>
    public ImmutableArray<ImmutableArray<string>> Partition { get; init; } = [];

    /// <exception cref="LabException">No such node.</exception>
    public NodeRecord Node(string name) =>
        Nodes.FirstOrDefault(n => n.Name == name)
        ?? throw new LabException($"lab {Name} has no node '{name}': it has {string.Join(", ", Nodes.Select(n => n.Name))}");

    public LabRecord With(NodeRecord node) => this with { Nodes = Nodes.Replace(Node(node.Name), node) };
}

[JsonConverter(typeof(JsonStringEnumConverter<LabRole>))]
public enum LabRole { Manager, Worker }

public sealed record NodeRecord
{
    public required string Name { get; init; }

    /// <summary>As which it joined; a later promotion does not change it.</summary>
    public required LabRole Role { get; init; }

    /// <summary>Fourth number of its address.</summary>
    public required int Host { get; init; }

    /// <summary>The daemon that was started last, alive or not.</summary>
    public ProcessIdentity? Daemon { get; init; }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LabRecord))]
[JsonSerializable(typeof(IReadOnlyList<NodeEndpoint>))]
public sealed partial class LabJson : JsonSerializerContext;

using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Swarm.Lab.Network;
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

    /// <summary>The groups of node names by which <see cref="Cuts"/> were made; empty: by single edges, or there are none.</summary>
    public ImmutableArray<ImmutableArray<string>> Partition { get; init; } = [];

    /// <summary>Who does not hear whom; empty: all is well.</summary>
    public ImmutableArray<Cut> Cuts { get; init; } = [];

    /// <summary>Bytes of each node's own disk; null: nodes keep their data in plain folders.</summary>
    public long? DiskBytes { get; init; }

    /// <exception cref="LabException">No such node.</exception>
    public NodeRecord Node(string name) =>
        Nodes.FirstOrDefault(n => n.Name == name)
        ?? throw new LabException($"lab {Name} has no node '{name}': it has {string.Join(", ", Nodes.Select(n => n.Name))}");

    /// <summary>A record that an older binary wrote lacks what it did not know; the JSON reader leaves absent arrays without a value.</summary>
    public LabRecord Completed() => this with
    {
        Nodes = Nodes.IsDefault ? [] : Nodes,
        Partition = Partition.IsDefault ? [] : Partition,
        Cuts = !Cuts.IsDefault ? Cuts : Partition.IsDefault ? [] : Network.Partition.Cuts(Partition),
    };

    /// <summary>Without a node, and without the cuts that name it.</summary>
    public LabRecord Without(NodeRecord node) => this with
    {
        Nodes = Nodes.Remove(Node(node.Name)),
        Partition = [.. Partition.Select(group => group.Remove(node.Name)).Where(group => group.Length > 0)],
        Cuts = Cuts.RemoveAll(cut => cut.From == node.Name || cut.To == node.Name),
    };

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

    /// <summary>The executable that its daemon runs; absolute. Null: the lab's.</summary>
    public string? Binary { get; init; }

    /// <summary>Share of packets from and to it that are lost, from 0 to 1.</summary>
    public double Loss { get; init; }

    /// <summary>Share of one processor that all its processes together get, in percent; null: no limit.</summary>
    public int? CpuPercent { get; init; }

    /// <summary>The daemon that was started last, alive or not.</summary>
    public ProcessIdentity? Daemon { get; init; }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LabRecord))]
[JsonSerializable(typeof(IReadOnlyList<NodeEndpoint>))]
public sealed partial class LabJson : JsonSerializerContext;

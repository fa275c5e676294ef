using Swarm.Engine;
using Swarm.Model;
using Swarm.Api.Membership;
using Swarm.Api.Services;
using Swarm.Store;
using Swarm.Store.Consensus;
using static Swarm.Api.Wire.WireValues;

namespace Swarm.Api.Nodes;

internal static class NodeMapping
{
    internal static NodeSpec Read(Wire.NodeSpec spec) => new()
    {
        Annotations = new Annotations { Name = spec.Name ?? "", Labels = Map(spec.Labels) },
        Role = Role(spec.Role) ?? throw EngineException.BadRequest($"invalid Role: \"{spec.Role}\""),
        Availability = spec.Availability is null or ""
            ? throw EngineException.BadRequest($"invalid Availability: \"{spec.Availability}\"")
            : ClusterMapping.Availability(spec.Availability),
    };

    internal static NodeRole? Role(string? text) => text?.ToLowerInvariant() switch
    {
        "manager" => NodeRole.Manager,
        "worker" => NodeRole.Worker,
        _ => null,
    };

    /// <param name="managers">Who of them answers the leader; empty or not said: judged by the node's own state.</param>
    internal static Wire.Node Write(Node node, Leadership leadership, IReadOnlyList<ConsensusMember> managers) => new()
    {
        ID = node.Id,
        Version = Version(node.Meta.Version),
        CreatedAt = node.Meta.CreatedAt.UtcDateTime,
        UpdatedAt = node.Meta.UpdatedAt.UtcDateTime,
        Spec = new Wire.NodeSpec
        {
            Name = NullIfEmpty(node.Spec.Annotations.Name),
            Labels = Nullable(node.Spec.Annotations.Labels),
            Role = node.Spec.Role == NodeRole.Manager ? "manager" : "worker",
            Availability = node.Spec.Availability switch { NodeAvailability.Pause => "pause", NodeAvailability.Drain => "drain", _ => "active" },
        },
        Description = Description(node.Description),
        Status = new Wire.NodeStatus { State = State(node.Status.State), Message = NullIfEmpty(node.Status.Message), Addr = NullIfEmpty(node.Status.Address) },
        ManagerStatus = Manager(node, leadership, managers),
    };

    private static Wire.NodeDescription Description(NodeDescription description) => new()
    {
        Hostname = description.Hostname,
        Platform = new Wire.Platform { Architecture = description.Platform.Architecture, OS = description.Platform.Os },
        Resources = TaskSpecWriter.Resources(description.Resources),
        Engine = new Wire.EngineDescription
        {
            EngineVersion = description.EngineVersion,
            Labels = description.EngineLabels.IsEmpty ? null : description.EngineLabels,
            Plugins = NullIfEmpty(description.Plugins, one => new Wire.PluginDescription { Type = one.Type, Name = one.Name }),
        },
        TLSInfo = new Wire.TLSInfo
        {
            TrustRoot = NullIfEmpty(description.TrustRoot),
            CertIssuerSubject = description.CertIssuerSubject.Length == 0 ? null : description.CertIssuerSubject,
            CertIssuerPublicKey = description.CertIssuerPublicKey.Length == 0 ? null : description.CertIssuerPublicKey,
        },
    };

    /// <summary>Docker has no word for a node that is silent but not yet given up: until then it says ready.</summary>
    private static string State(NodeState state) => state switch
    {
        NodeState.Ready or NodeState.Suspect => "ready",
        NodeState.Down => "down",
        NodeState.Disconnected => "disconnected",
        _ => "unknown",
    };

    private static Wire.ManagerStatus? Manager(Node node, Leadership leadership, IReadOnlyList<ConsensusMember> managers)
    {
        if (node.Manager is null)
        {
            return null;
        }

        var leads = leadership.LeaderId == node.Id;
        return new Wire.ManagerStatus
        {
            Leader = leads ? true : null,
            Reachability = leads ? "reachable" : Reachability(managers.FirstOrDefault(one => one.NodeId == node.Id)?.Reachable, node.Status.State),
            Addr = node.Manager.Address,
        };
    }

    private static string Reachability(bool? answersTheLeader, NodeState state) =>
        (answersTheLeader ?? state == NodeState.Ready) ? "reachable" : answersTheLeader is null && state == NodeState.Unknown ? "unknown" : "unreachable";
}

using System.Collections.Immutable;
using Swarm.Manager.Certificates;
using Swarm.Model;
using Swarm.Rpc.Dispatch;
using Swarm.Store;

namespace Swarm.Manager.Dispatch;

/// <summary>Composes a session's messages: each part only when it changed since the last.</summary>
internal sealed class SessionNews(string sessionId, AssignmentSet assignments)
{
    private Node? _node;
    private ImmutableArray<ManagerAddress> _managers = [];
    private string? _trustRoot;
    private string? _issuingRoot;

    /// <summary>The next message, or null if there is nothing to say.</summary>
    internal SessionMessage? Next(NetworkPicture picture, Node node)
    {
        var view = picture.View;
        var message = new SessionMessage
        {
            SessionId = sessionId,
            Node = IsSameMember(_node, node) ? null : node,
            Managers = ManagersOf(view) is var managers && managers.SequenceEqual(_managers) ? [] : managers,
            TrustRoot = view.Cluster is { } cluster && ClusterRoots.Trusted(cluster.RootCa) is { Length: > 0 } root && root != _trustRoot ? root : null,
            IssuingRoot = view.Cluster is { } now && ClusterRoots.IssuingDigest(now.RootCa) is { Length: > 0 } digest && digest != _issuingRoot ? digest : null,
            Assignments = assignments.Next(picture),
        };
        (_node, _managers, _trustRoot, _issuingRoot) = (node, managers, message.TrustRoot ?? _trustRoot, message.IssuingRoot ?? _issuingRoot);
        return message is { Node: null, Managers.IsEmpty: true, TrustRoot: null, IssuingRoot: null, Assignments: null } ? null : message;
    }

    internal static ImmutableArray<ManagerAddress> ManagersOf(StoreView view) =>
    [
        .. view.Nodes.Where(node => node.Manager is { Address.Length: > 0 })
            .Select(node => new ManagerAddress { NodeId = node.Id, Address = node.Manager!.Address }),
    ];

    /// <summary>Its status is the managers' own view and no news to the node.</summary>
    private static bool IsSameMember(Node? told, Node node) =>
        told is not null && told.Role == node.Role && told.Manager == node.Manager && Codec.Same(told.Spec, node.Spec);
}

using System.Collections.Immutable;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Allocation;

/// <summary>Which of the cluster's networks a service and its tasks are on.</summary>
internal static class NetworkNeeds
{
    internal const string NoIngress = "service needs ingress network, but no ingress network is present";

    /// <summary>Every node has these of its own; a service may name them in place of the cluster's.</summary>
    internal static bool IsPredefined(string target) => target is "bridge" or "host" or "none";

    /// <summary>What the spec names of the cluster's.</summary>
    internal static IEnumerable<NetworkAttachmentConfig> Asked(ServiceSpec spec) => Asked(spec.Task.Networks.IsDefaultOrEmpty ? spec.Networks : spec.Task.Networks);

    /// <inheritdoc cref="Asked(ServiceSpec)"/>
    internal static IEnumerable<NetworkAttachmentConfig> Asked(ImmutableArray<NetworkAttachmentConfig> networks) =>
        networks.IsDefault ? [] : networks.Where(network => !IsPredefined(network.Target)).DistinctBy(network => network.Target);

    /// <summary>It publishes ports on every node.</summary>
    internal static bool NeedsIngress(ServiceSpec spec) => spec.Endpoint is { Ports.IsDefault: false } endpoint && endpoint.Ports.Any(port => port.PublishMode == PublishMode.Ingress);

    internal static Network? IngressOf(StoreView view) => view.Networks.FirstOrDefault(network => network.Ingress);

    /// <summary>Whether a task is on the network that carries published ports just when its service publishes some.</summary>
    internal static bool SatisfiesIngress(SwarmTask task, ServiceSpec spec) =>
        NeedsIngress(spec) == task.Networks.Any(place => Asked(task.Spec.Networks).All(asked => asked.Target != place.NetworkId));
}

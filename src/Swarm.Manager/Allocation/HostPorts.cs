using System.Collections.Immutable;
using Swarm.Model;

namespace Swarm.Manager.Allocation;

/// <summary>The ports that a service's tasks publish on their own nodes.</summary>
internal static class HostPorts
{
    internal static ImmutableArray<PortConfig> Of(ServiceSpec spec) =>
        spec.Endpoint is null ? [] : [.. spec.Endpoint.Ports.Where(port => port.PublishMode == PublishMode.Host)];

    /// <summary>Whether ports that a task holds are what its service asks for; a port left to the node (0) may have become any.</summary>
    internal static bool Satisfy(ImmutableArray<PortConfig> held, ImmutableArray<PortConfig> wanted) =>
        held.Length == wanted.Length && held.Zip(wanted).All(pair =>
            pair.First.Protocol == pair.Second.Protocol
            && pair.First.TargetPort == pair.Second.TargetPort
            && (pair.Second.PublishedPort == 0 || pair.First.PublishedPort == pair.Second.PublishedPort));
}

using System.Collections.Immutable;
using Swarm.Networking.Bridge;
using Swarm.Networking.Networks;
using Swarm.Networking.Ports;

namespace Swarm.Networking.Tests;

/// <summary>Shorter ways to say what most tests want: a container on the default bridge.</summary>
public static class Attaching
{
    /// <returns>Its place on the default bridge.</returns>
    public static async Task<BridgeEndpoint> AttachAsync(this BridgeNetworks networks, string containerId, string name, ImmutableArray<PortMapping> ports, CancellationToken cancellation) =>
        (await networks.AttachAsync(new SandboxRequest(containerId, name, [new EndpointRequest(NetworkRecord.Bridge)], ports), cancellation)).Endpoints[0];

    public static Task<ContainerSandbox> AttachNoneAsync(this BridgeNetworks networks, string containerId, CancellationToken cancellation) =>
        networks.AttachAsync(new SandboxRequest(containerId, containerId, [], []), cancellation);

    /// <summary>A container on user networks, found by its id there.</summary>
    public static Task<ContainerSandbox> AttachToAsync(this BridgeNetworks networks, string containerId, params string[] on) => networks.AttachAsync(
        new SandboxRequest(containerId, containerId, [.. on.Select(network => new EndpointRequest(network) { Names = [containerId] })], []), default);
}

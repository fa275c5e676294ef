using System.Collections.Immutable;
using Swarm.Engine;
using Swarm.Engine.Containers;
using Swarm.Networking;
using Swarm.Networking.Bridge;
using Swarm.Networking.Ports;

namespace Swarm.Daemon;

/// <summary>Containers on the node's default network: the engine's seam on one side, the networking room on the other.</summary>
internal sealed class BridgeContainerNetwork(BridgeNetwork bridge) : IContainerNetwork
{
    public async Task<NetworkSandbox> AttachAsync(NetworkRequest request, CancellationToken cancellation)
    {
        try
        {
            return Sandbox(request.Mode switch
            {
                "" or "default" or "bridge" => await bridge.AttachAsync(request.ContainerId, request.Hostname, Mappings(request.Ports), cancellation),
                "none" => await bridge.AttachNoneAsync(request.ContainerId, cancellation),
                var mode when mode == bridge.Id => await bridge.AttachAsync(request.ContainerId, request.Hostname, Mappings(request.Ports), cancellation),
                var mode => throw EngineException.NotImplemented(
                    $"network {mode}: this version connects a plain container to bridge, host or none only; leave out --network or name one of these"),
            });
        }
        catch (NetworkFault fault)
        {
            throw new EngineException(
                fault.Kind switch
                {
                    NetworkFaultKind.Invalid => 400,
                    NetworkFaultKind.Unsupported => 501,
                    _ => 500,
                },
                fault.Message,
                fault);
        }
        catch (IOException error)
        {
            throw new EngineException(500, $"failed to set up container networking: {error.Message}", error);
        }
    }

    public Task DetachAsync(string containerId, CancellationToken cancellation) => bridge.DetachAsync(containerId, cancellation);

    private NetworkSandbox Sandbox(BridgeEndpoint endpoint) => new(
        bridge.NamespacePath(endpoint.ContainerId),
        endpoint.Address is null
            ? []
            : [new NetworkEndpoint(bridge.Id, "bridge", endpoint.EndpointId, endpoint.Address, endpoint.PrefixLength, endpoint.Gateway, endpoint.MacText)],
        [.. endpoint.Ports.Select(port => new PublishedPort(port.Protocol, port.ContainerPort, port.HostAddress, port.HostPort))]);

    private static ImmutableArray<PortMapping> Mappings(ImmutableArray<PublishedPort> ports) =>
        [.. ports.Select(port => new PortMapping(port.Protocol, port.ContainerPort, port.HostAddress, port.HostPort))];
}

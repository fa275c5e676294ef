namespace Swarm.Networking.Bridge;

/// <summary>Which of a container's networks its default route, and so its published ports, are of.</summary>
internal static class WayOut
{
    /// <summary>
    /// The one of the highest priority; among equals one of both families, then the first by name, as Docker 28 chooses. Null: none leads out.
    /// </summary>
    public static BridgeEndpoint? Of(ContainerSandbox sandbox, IReadOnlyDictionary<string, LiveNetwork> networks, bool ipv6) => sandbox.Endpoints
        .Where(endpoint => (ipv6 ? endpoint.Gateway6 : endpoint.Gateway) is not null)
        .OrderByDescending(endpoint => endpoint.GatewayPriority)
        .ThenByDescending(endpoint => endpoint is { Gateway: not null, Gateway6: not null })
        .ThenBy(endpoint => networks[endpoint.NetworkId].Record.Name, StringComparer.Ordinal)
        .FirstOrDefault();
}

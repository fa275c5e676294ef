using System.Collections.Immutable;

namespace Swarm.Networking.Bridge;

/// <summary>The three networks that every Docker node has.</summary>
internal static class PredefinedNetworks
{
    public static ImmutableArray<NetworkDescription> Describe(BridgeState state)
    {
        var options = ImmutableSortedDictionary<string, string>.Empty
            .Add("com.docker.network.bridge.default_bridge", "true")
            .Add("com.docker.network.bridge.enable_icc", state.Options.ContainersMeet ? "true" : "false")
            .Add("com.docker.network.bridge.enable_ip_masquerade", state.Options.Masquerades ? "true" : "false")
            .Add("com.docker.network.bridge.host_binding_ipv4", "0.0.0.0")
            .Add("com.docker.network.bridge.name", state.Bridge.Name)
            .Add("com.docker.network.driver.mtu", $"{state.Bridge.Mtu}");
        var members = state.Endpoints.Values
            .Where(endpoint => endpoint.Address is not null)
            .OrderBy(endpoint => endpoint.ContainerId, StringComparer.Ordinal)
            .Select(endpoint => new NetworkMember(endpoint.ContainerId, endpoint.EndpointId, endpoint.Address!, endpoint.PrefixLength, endpoint.MacText));
        if (!state.Options.HasBridge)
        {
            return [Bare(state, "host", "host"), Bare(state, "none", "null")];
        }

        return
        [
            new NetworkDescription("bridge", state.Id, "bridge", state.Created, state.Bridge.Gateway.Network, state.Bridge.Gateway.Address, options, [.. members]),
            Bare(state, "host", "host"),
            Bare(state, "none", "null"),
        ];
    }

    private static NetworkDescription Bare(BridgeState state, string name, string driver) =>
        new(name, BridgeEndpoint.MakeId(state.Options.InstanceId, name), driver, state.Created, null, null, ImmutableSortedDictionary<string, string>.Empty, []);
}

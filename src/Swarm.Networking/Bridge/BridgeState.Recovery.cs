using Swarm.Linux;
using Swarm.Networking.Ipam;

namespace Swarm.Networking.Bridge;

/// <summary>The start: what an earlier run left is taken up or removed.</summary>
internal sealed partial class BridgeState
{
    public async Task RecoverAsync(CancellationToken cancellation)
    {
        Directory.CreateDirectory(namespaces);
        var left = files.Load().Select(file => (file.ContainerId, Endpoint: HasNamespace(file.ContainerId) ? file.Endpoint : null)).ToList();
        if (!options.HasBridge)
        {
            RecoverWithoutBridge(left);
            return;
        }

        bridge = BridgeLink.Ensure(host, route, options, left.Select(file => file.Endpoint?.GatewayAddress).FirstOrDefault(gateway => gateway is not null));
        pool = new AddressPool(bridge.Gateway.Network, options.ContainerRange);
        rules = new BridgeRules(bridge.Name, bridge.Gateway.Network) { Masquerades = options.Masquerades, Exist = options.HasRules };
        if (options.ContainerGateway is { } way && !way.Equals(bridge.Gateway.Address) && !pool.TryReserve(way))
        {
            throw new NetworkFault(NetworkFaultKind.Invalid, $"the containers' gateway {way} is not an address of the bridge's network {bridge.Gateway.Network}");
        }

        if (!pool.TryReserve(bridge.Gateway.Address))
        {
            throw new NetworkFault(NetworkFaultKind.Invalid, $"{bridge.Gateway} cannot be the bridge's address: it is the address of the network itself or its broadcast");
        }

        if (options.Address is { } asked && asked != bridge.Gateway)
        {
            LogAddressKept(logger, bridge.Gateway, asked);
        }

        foreach (var (containerId, endpoint) in left)
        {
            TakeUp(containerId, endpoint);
        }

        RemoveStrays();
        await RestateRulesAsync(cancellation);
    }

    /// <summary>Only namespaces without any network are left to look after.</summary>
    private void RecoverWithoutBridge(List<(string ContainerId, BridgeEndpoint? Endpoint)> left)
    {
        bridge = new BridgeLink("", 0, default, 0);
        rules = new BridgeRules("", default) { Exist = false };
        foreach (var (containerId, endpoint) in left)
        {
            TakeUp(containerId, endpoint is { Address: null } ? endpoint : null);
        }

        RemoveStrays();
    }

    private void TakeUp(string containerId, BridgeEndpoint? endpoint)
    {
        var stands = endpoint is not null && (endpoint.Address is null || (IsOnBridge(endpoint) && pool.TryReserve(endpoint.Address)));
        if (!stands)
        {
            LogDropped(logger, containerId, "its namespace or its place on the bridge is gone");
            files.Delete(containerId);
            return;
        }

        endpoints = endpoints.SetItem(containerId, endpoint!);
        try
        {
            claims.Claim(containerId, endpoint!.Address ?? System.Net.IPAddress.None, endpoint.Ports);
        }
        catch (NetworkFault fault)
        {
            // The rule is ahead of any listener, so the container keeps its port; only its hold on it is gone until it is attached anew.
            LogPortNotHeld(logger, containerId, fault.Message);
        }
    }

    /// <summary>Namespaces and bridge ports without an endpoint: a crash came between the two.</summary>
    private void RemoveStrays()
    {
        foreach (var path in Directory.GetFiles(namespaces).Where(path => !endpoints.ContainsKey(Path.GetFileName(path))))
        {
            NetworkNamespace.Delete(path);
        }

        var known = endpoints.Values.Select(endpoint => endpoint.HostLink).ToHashSet();
        foreach (var link in route.Links().Where(link => options.HasBridge && link.MasterIndex == bridge.Index && link.Name.StartsWith(BridgeEndpoint.HostLinkPrefix, StringComparison.Ordinal)))
        {
            if (!known.Contains(link.Name))
            {
                route.TryDeleteLink(link.Name);
            }
        }
    }

    /// <summary>A bridge that somebody deleted was made anew, and its ports are without one.</summary>
    private bool IsOnBridge(BridgeEndpoint endpoint)
    {
        if (route.FindLink(endpoint.HostLink) is not { } link)
        {
            return false;
        }

        if (link.MasterIndex != bridge.Index)
        {
            route.SetMaster(link.Name, bridge.Name);
            route.SetHairpin(link.Name, on: true);
        }

        return true;
    }

    private bool HasNamespace(string containerId) => NetworkNamespace.IsNamespace(NamespacePath(containerId));
}

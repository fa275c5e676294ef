using System.Collections.Immutable;
using System.Net;
using Swarm.Linux;
using Swarm.Networking.Netlink;
using Swarm.Networking.Networks;
using Swarm.Networking.Ports;

namespace Swarm.Networking.Bridge;

/// <summary>Containers' places on networks.</summary>
internal sealed partial class BridgeState
{
    /// <summary>Makes the namespace, or makes the one that stands what is asked for: a container that runs in it keeps it.</summary>
    public async Task<ContainerSandbox> AttachAsync(SandboxRequest request)
    {
        var asked = request.Endpoints.Select(endpoint => (Endpoint: endpoint, Network: Live(endpoint.Network))).ToList();
        if (await WayOutForAsync([.. asked.Select(pair => pair.Network)]) is { } wayOut && asked.TrueForAll(pair => pair.Network != wayOut))
        {
            asked.Add((new EndpointRequest(wayOut.Id), wayOut));
        }

        if (sandboxes.TryGetValue(request.ContainerId, out var present))
        {
            if (Stands(present))
            {
                return await AdjustAsync(present, request, asked);
            }

            await RemoveAsync(present);
        }

        var sandbox = new ContainerSandbox(request.ContainerId, request.Name, [], request.Ports, []) { Resolver = request.Resolver };
        try
        {
            var (ns, inside) = SandboxLinks.Make(NamespacePath(request.ContainerId), request.UserNamespace);
            using (ns)
            using (inside)
            {
                foreach (var (endpoint, network) in asked)
                {
                    sandbox = Connect(sandbox, network, endpoint, ns, inside);
                }

                SetRoutes(sandbox, inside);
            }

            sandbox = sandbox with { Ports = Claim(sandbox) };
            Keep(sandbox);
            await PublishAsync([], Targets(sandbox));
            return sandbox;
        }
        catch
        {
            await RemoveAsync(sandbox);
            throw;
        }
    }

    /// <exception cref="NetworkFault">It is on that network already.</exception>
    public async Task<ContainerSandbox> ConnectAsync(string containerId, EndpointRequest request)
    {
        var network = Live(request.Network);
        var sandbox = Present(containerId);
        if (sandbox.On(network.Id) is not null)
        {
            throw new NetworkFault(NetworkFaultKind.Forbidden, $"endpoint with name {sandbox.Name} already exists in network {network.Record.Name}");
        }

        var wayOut = await WayOutForAsync([.. Networks(sandbox), network]);
        return await ChangeAsync(sandbox, (ns, inside) => Balance(Connect(sandbox, network, request, ns, inside), wayOut, ns, inside));
    }

    /// <summary>Safe to repeat.</summary>
    public async Task<ContainerSandbox> DisconnectAsync(string containerId, string networkId)
    {
        var sandbox = Present(containerId);
        if (sandbox.On(networkId) is not { } endpoint)
        {
            return sandbox;
        }

        var wayOut = await WayOutForAsync([.. Networks(sandbox).Where(network => network.Id != networkId)]);
        return await ChangeAsync(sandbox, (ns, inside) => Balance(Disconnect(sandbox, endpoint), wayOut, ns, inside));
    }

    /// <summary>Gives a container another name, and its endpoints other names by network.</summary>
    public ContainerSandbox Rename(string containerId, string name, IReadOnlyDictionary<string, ImmutableArray<string>> namesByNetwork)
    {
        var renamed = Named(Present(containerId), name, namesByNetwork);
        Keep(renamed);
        return renamed;
    }

    private ContainerSandbox Named(ContainerSandbox sandbox, string name, IReadOnlyDictionary<string, ImmutableArray<string>> namesByNetwork) => sandbox with
    {
        Name = name,
        Endpoints =
        [
            .. sandbox.Endpoints.Select(endpoint => namesByNetwork.TryGetValue(endpoint.NetworkId, out var names) && records[endpoint.NetworkId].HasNames ? endpoint with { Names = names } : endpoint),
        ],
    };

    public async Task DetachAsync(string containerId)
    {
        if (sandboxes.TryGetValue(containerId, out var sandbox))
        {
            await RemoveAsync(sandbox);
        }
    }

    public async Task RetainAsync(IReadOnlySet<string> running)
    {
        foreach (var sandbox in sandboxes.Values.Where(sandbox => !running.Contains(sandbox.ContainerId)))
        {
            LogDropped(logger, sandbox.ContainerId, "its container does not run");
            await RemoveAsync(sandbox);
        }
    }

    private async Task<ContainerSandbox> AdjustAsync(ContainerSandbox present, SandboxRequest request, List<(EndpointRequest Endpoint, LiveNetwork Network)> asked)
    {
        var missing = asked.Where(pair => present.On(pair.Network.Id) is null).ToList();
        var superfluous = present.Endpoints.Where(endpoint => asked.TrueForAll(pair => pair.Network.Id != endpoint.NetworkId)).ToList();
        var names = asked.Where(pair => pair.Network.Record.HasNames).DistinctBy(pair => pair.Network.Id).ToDictionary(pair => pair.Network.Id, pair => pair.Endpoint.Names);
        var isNamed = present.Name == request.Name && present.Endpoints.All(endpoint => !names.TryGetValue(endpoint.NetworkId, out var wanted) || wanted.SequenceEqual(endpoint.Names));
        if (missing.Count == 0 && superfluous.Count == 0 && present.Requested.SequenceEqual(request.Ports) && isNamed)
        {
            return present;
        }

        var standing = Named(present, request.Name, names) with { Requested = request.Ports };
        return await ChangeAsync(standing, (ns, inside) =>
        {
            var sandbox = superfluous.Aggregate(standing, Disconnect);
            return missing.Aggregate(sandbox, (so, pair) => Connect(so, pair.Network, pair.Endpoint, ns, inside));
        });
    }

    /// <summary>A change of a standing sandbox's endpoints, with what follows from it: routes, ports, names.</summary>
    private async Task<ContainerSandbox> ChangeAsync(ContainerSandbox sandbox, Func<NetworkNamespace, RouteSocket, ContainerSandbox> change)
    {
        var before = sandboxes[sandbox.ContainerId];
        using var ns = NetworkNamespace.Open(NamespacePath(sandbox.ContainerId));
        using var inside = RouteSocket.In(ns);
        var changed = change(ns, inside);
        try
        {
            SetRoutes(changed, inside);
            changed = changed with { Ports = Claim(changed) };
        }
        catch
        {
            foreach (var added in changed.Endpoints.Where(endpoint => before.On(endpoint.NetworkId) is null))
            {
                changed = Disconnect(changed, added);
            }

            SetRoutes(changed, inside);
            throw;
        }

        Keep(changed);
        await PublishAsync(Targets(before), Targets(changed));
        return changed;
    }

    private ContainerSandbox Connect(ContainerSandbox sandbox, LiveNetwork network, EndpointRequest request, NetworkNamespace ns, RouteSocket inside)
    {
        if (network.Record.IsOverlay && request.Mac.Length > 0)
        {
            throw new NetworkFault(NetworkFaultKind.Unsupported, $"a MAC address on network {network.Record.Name}: on networks of the cluster it follows from the IP address");
        }

        var last = remembered.Of(sandbox.ContainerId, network.Id);
        var address = network.Take(ipv6: false, request.Address, last.Address);
        IPAddress? address6 = null;
        try
        {
            address6 = network.Take(ipv6: true, request.Address6, last.Address6);
            var endpoint = Describe(sandbox, network, request, address, address6);
            if (network.Record.IsMacvlan)
            {
                network.Link = MacvlanParent.Ensure(route, network.Record, network.Settings.Mtu);
            }

            SandboxLinks.Connect(ns, inside, network, endpoint);
            Place(network, endpoint);
            remembered.Remember(endpoint);
            return sandbox with { Endpoints = sandbox.Endpoints.Add(endpoint) };
        }
        catch
        {
            network.Release(address);
            network.Release(address6);
            throw;
        }
    }

    private BridgeEndpoint Describe(ContainerSandbox sandbox, LiveNetwork network, EndpointRequest request, IPAddress? address, IPAddress? address6)
    {
        var (pool, pool6) = (network.Record.PoolOf(address), network.Record.PoolOf(address6));
        var leadsOut = network.Record is { Internal: false, IsOverlay: false };
        return new BridgeEndpoint(sandbox.ContainerId, network.Id, NewId())
        {
            Address = address,
            PrefixLength = pool?.Subnet.PrefixLength ?? 0,
            Gateway = leadsOut ? pool?.WayOut : null,
            Address6 = address6,
            PrefixLength6 = pool6?.Subnet.PrefixLength ?? 0,
            Gateway6 = leadsOut ? pool6?.WayOut : null,
            MacText = request.Mac.Length > 0 ? request.Mac.ToLowerInvariant() : BridgeEndpoint.TextOf(BridgeEndpoint.MacOf((address ?? address6)!)),
            LinkName = request.LinkName.Length > 0 ? request.LinkName : NextLink(sandbox, network.Settings.LinkPrefix),
            Names = network.Record.HasNames ? request.Names : [],
            Links = request.Links,
            GatewayPriority = request.GatewayPriority,
        };
    }

    private static string NextLink(ContainerSandbox sandbox, string prefix) =>
        Enumerable.Range(0, sandbox.Endpoints.Length + 1).Select(number => prefix + number).First(name => sandbox.Endpoints.All(endpoint => endpoint.LinkName != name));

    private ContainerSandbox Disconnect(ContainerSandbox sandbox, BridgeEndpoint endpoint)
    {
        if (IsMacvlan(endpoint))
        {
            RemoveMacvlan(endpoint);
        }
        else
        {
            networks[endpoint.NetworkId].Route.TryDeleteLink(endpoint.HostLink);
        }

        overlays.Unplace(endpoint.NetworkId, endpoint.Mac);
        ReleaseAddresses(endpoint);
        return sandbox with { Endpoints = sandbox.Endpoints.Remove(endpoint) };
    }

    private void SetRoutes(ContainerSandbox sandbox, RouteSocket inside) =>
        SandboxLinks.Route(inside, WayOut.Of(sandbox, networks, ipv6: false)?.Gateway, WayOut.Of(sandbox, networks, ipv6: true)?.Gateway6);

    private LiveNetwork Live(string network)
    {
        var record = NetworkLookup.Get(records, network);
        return networks.GetValueOrDefault(record.Id)
            ?? throw new NetworkFault(NetworkFaultKind.Invalid, $"a container with a network namespace of its own cannot be connected to the network {record.Name}");
    }

    private ContainerSandbox Present(string containerId) => sandboxes.GetValueOrDefault(containerId)
        ?? throw new NetworkFault(NetworkFaultKind.NotFound, $"container {containerId} has no network namespace here");

    private bool Stands(ContainerSandbox sandbox) =>
        NetworkNamespace.IsNamespace(NamespacePath(sandbox.ContainerId))
        && sandbox.Endpoints.All(endpoint => networks.TryGetValue(endpoint.NetworkId, out var network)
            && (network.Record.IsMacvlan ? HasLink(endpoint) : network.Route.FindLink(endpoint.HostLink)?.MasterIndex == network.Link.Index));

    private ImmutableArray<PortMapping> Claim(ContainerSandbox sandbox)
    {
        var targets = TargetsOf(sandbox);
        if (targets is { Address: null, Address6: null } || !options.ManagesFirewall)
        {
            claims.Release(sandbox.ContainerId);
            return [];
        }

        var wayOut = (WayOut.Of(sandbox, networks, ipv6: false) ?? WayOut.Of(sandbox, networks, ipv6: true))!;
        try
        {
            // A change that asks for the same ports, and leads them out by the same families, holds what it has.
            var before = sandboxes.GetValueOrDefault(sandbox.ContainerId);
            if (before is not null && before.Requested.SequenceEqual(sandbox.Requested) && TargetsOf(before) is var had
                && (had.Address is null, had.Address6 is null) == (targets.Address is null, targets.Address6 is null))
            {
                return before.Ports;
            }

            claims.Release(sandbox.ContainerId);
            return [.. claims.Claim(sandbox.ContainerId, targets, networks[wayOut.NetworkId].Settings.HostBinding, Translated(sandbox))];
        }
        catch (NetworkFault fault) when (fault.Kind == NetworkFaultKind.Refused)
        {
            throw new NetworkFault(
                fault.Kind, $"driver failed programming external connectivity on endpoint {sandbox.Name} ({wayOut.EndpointId}): {fault.Message}", fault);
        }
    }

    private async Task PublishAsync(List<PortTarget> before, List<PortTarget> now)
    {
        var gone = before.Except(now).ToList();
        var come = now.Except(before).ToList();
        await ChangeRulesAsync(string.Join("; ", new[] { rules.Withdraw(gone), rules.Publish(come) }.Where(change => change.Length > 0)));
        flows.Left(gone);
        flows.Came(come);
    }

    /// <summary>Only once the namespace is whole: one without a file is a stray that the next start removes.</summary>
    private void Keep(ContainerSandbox sandbox)
    {
        files.Save(sandbox);
        var before = sandboxes.GetValueOrDefault(sandbox.ContainerId);
        sandboxes = sandboxes.SetItem(sandbox.ContainerId, sandbox);
        names.Put(sandbox, records);
        Follow(before, sandbox);
        nameServers.Serve(sandbox, NamespacePath(sandbox.ContainerId), records);
    }

    /// <summary>Ports first, so that nothing new is sent where the container was; the address last, so that nobody gets it too early.</summary>
    private async Task RemoveAsync(ContainerSandbox sandbox)
    {
        sandboxes = sandboxes.Remove(sandbox.ContainerId);
        names.Remove(sandbox.ContainerId);
        overlayNames.Remove(sandbox.ContainerId);
        try
        {
            await PublishAsync(Targets(sandbox), []);
        }
        finally
        {
            Forget(sandbox);
        }
    }

    private void Forget(ContainerSandbox sandbox)
    {
        nameServers.End(sandbox.ContainerId);
        ruleSockets.Close(sandbox.ContainerId);
        foreach (var endpoint in sandbox.Endpoints)
        {
            CutOff(endpoint);
        }

        NetworkNamespace.Delete(NamespacePath(sandbox.ContainerId));
        claims.Release(sandbox.ContainerId);
        files.Delete(sandbox.ContainerId);
        sandboxes = sandboxes.Remove(sandbox.ContainerId);
        foreach (var endpoint in sandbox.Endpoints)
        {
            ReleaseAddresses(endpoint);
        }
    }

    /// <summary>
    /// The kernel keeps a namespace as long as one of its connections waits for an answer, a minute or more: by then somebody else has the address.
    /// </summary>
    private void CutOff(BridgeEndpoint endpoint)
    {
        if (IsMacvlan(endpoint))
        {
            if (HasNamespace(endpoint.ContainerId))
            {
                RemoveMacvlan(endpoint);
            }
        }
        else if (networks.TryGetValue(endpoint.NetworkId, out var network))
        {
            network.Route.TrySetDown(endpoint.HostLink);
            overlays.Unplace(endpoint.NetworkId, endpoint.Mac);
        }
    }

    private void RemoveMacvlan(BridgeEndpoint endpoint)
    {
        using var ns = NetworkNamespace.Open(NamespacePath(endpoint.ContainerId));
        using var inside = RouteSocket.In(ns);
        inside.TryDeleteLink(endpoint.LinkName);
    }

    private void ReleaseAddresses(BridgeEndpoint endpoint)
    {
        if (networks.TryGetValue(endpoint.NetworkId, out var network))
        {
            network.Release(endpoint.Address);
            network.Release(endpoint.Address6);
        }
    }
}

using System.Collections.Immutable;
using Swarm.Api.Membership;
using Swarm.Api.Wire;
using Swarm.Engine;
using Swarm.Manager.Control;
using Swarm.Model;
using Swarm.Store;
using static Swarm.Api.Wire.WireValues;

namespace Swarm.Api.Networks;

/// <summary>The cluster's networks beside the node's own. A node that is no manager has none to show, as with Docker.</summary>
internal sealed class ClusterNetworks(ManagerAccess access)
{
    /// <summary>What this manager knows; null on other nodes, and while nobody leads: the node's own networks are shown all the same.</summary>
    internal async Task<StoreView?> ReadAsync(CancellationToken cancellation)
    {
        if (!access.IsManager)
        {
            return null;
        }

        try
        {
            return await access.ReadAsync(cancellation).ConfigureAwait(false);
        }
        catch (NoLeaderException)
        {
            return null;
        }
    }

    /// <summary>It can only be of the whole cluster. What only holds a configuration is each node's own, whatever driver it is meant for.</summary>
    internal static bool IsAsked(NetworkCreateRequest request) => !request.ConfigOnly && (request.Driver == "overlay" || request.Scope == "swarm" || request.Ingress);

    /// <exception cref="EngineException">This node is no manager, or the request can not be had.</exception>
    internal async Task<string> CreateAsync(NetworkCreateRequest request, CancellationToken cancellation)
    {
        var control = access.Networks;
        if (request.EnableIPv4 == false)
        {
            throw EngineException.BadRequest("IPv4 cannot be disabled in a Swarm scoped network");
        }

        if (request.Scope == "local")
        {
            throw new EngineException(403, $"cannot create a network of the driver {request.Driver} with scope local");
        }

        return (await control.CreateAsync(Read(request), cancellation).ConfigureAwait(false)).Id;
    }

    internal Task<Network> RemoveAsync(string id, CancellationToken cancellation) => access.Networks.RemoveAsync(id, cancellation);

    internal static bool IsUnused(StoreView view, Network network) =>
        !network.Ingress
        && !view.Services.Any(service => !service.PendingDelete && Names(service.Spec).Contains(network.Id))
        && !view.Tasks.Any(task => !task.Status.State.IsTerminal() && task.Networks.Any(place => place.NetworkId == network.Id));

    private static IEnumerable<string> Names(Model.ServiceSpec spec) => spec.Networks.Concat(spec.Task.Networks).Select(network => network.Target);

    private static Network Read(NetworkCreateRequest request) => new()
    {
        Annotations = new Annotations { Name = request.Name ?? "", Labels = Sorted(request.Labels) },
        Driver = new DriverConfig { Name = request.Driver ?? "", Options = Sorted(request.Options) },
        ConfigFrom = request.ConfigFrom?.Network ?? "",
        Attachable = request.Attachable,
        Ingress = request.Ingress,
        Internal = request.Internal,
        EnableIPv6 = request.EnableIPv6 ?? false,
        AskedPools = [.. (request.IPAM?.Config ?? []).Where(pool => pool is not null).Select(pool => new NetworkPool
        {
            Subnet = pool!.Subnet ?? "",
            Range = pool.IPRange ?? "",
            Gateway = pool.Gateway ?? "",
            Auxiliary = Sorted(pool.AuxiliaryAddresses),
        })],
        Ipam = request.IPAM is { } ipam && (ipam.Driver is { Length: > 0 } || ipam.Options is { Count: > 0 })
            ? new DriverConfig { Name = ipam.Driver ?? "", Options = Sorted(ipam.Options) }
            : null,
    };

    private static ImmutableSortedDictionary<string, string> Sorted(IReadOnlyDictionary<string, string>? map) =>
        Map(map?.ToDictionary(pair => pair.Key, string? (pair) => pair.Value));
}

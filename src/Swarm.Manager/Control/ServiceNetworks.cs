using System.Collections.Immutable;
using Swarm.Manager.Allocation;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Control;

/// <summary>The networks that a service's spec names.</summary>
internal static class ServiceNetworks
{
    /// <summary>With ids in place of names; the predefined networks of every node keep theirs.</summary>
    /// <param name="localNetwork">As of <see cref="ServiceControl"/>.</param>
    /// <exception cref="ControlException">There is no such network, or it is of one node alone.</exception>
    internal static ServiceSpec Resolve(StoreView view, ServiceSpec spec, Func<string, string?>? localNetwork)
    {
        var networks = Resolve(view, spec.Networks, localNetwork);
        var taskNetworks = Resolve(view, spec.Task.Networks, localNetwork);
        return networks == spec.Networks && taskNetworks == spec.Task.Networks
            ? spec
            : spec with { Networks = networks, Task = spec.Task with { Networks = taskNetworks } };
    }

    /// <exception cref="ControlException">The spec can not be had in this cluster.</exception>
    internal static void Check(StoreView view, ServiceSpec spec)
    {
        foreach (var target in NetworkNeeds.Asked(spec).Select(network => network.Target))
        {
            if (view.Networks.Find(target) is not { } network)
            {
                throw ControlException.NotFound($"network {target} not found");
            }

            if (network.Ingress)
            {
                throw ControlException.Invalid($"Service cannot be explicitly attached to the ingress network \"{network.Annotations.Name}\"");
            }
        }

        if (NetworkNeeds.NeedsIngress(spec) && NetworkNeeds.IngressOf(view) is null && view.Cluster is { NetworksMade: > 0 })
        {
            throw ControlException.Refused(NetworkNeeds.NoIngress);
        }
    }

    private static ImmutableArray<NetworkAttachmentConfig> Resolve(StoreView view, ImmutableArray<NetworkAttachmentConfig> networks, Func<string, string?>? localNetwork) =>
        networks.IsDefaultOrEmpty || networks.All(network => NetworkNeeds.IsPredefined(network.Target) || view.Networks.Find(network.Target) is not null)
            ? networks
            : [.. networks.Select(network => network with { Target = TargetOf(view, network.Target, localNetwork) })];

    private static string TargetOf(StoreView view, string input, Func<string, string?>? localNetwork)
    {
        if (NetworkNeeds.IsPredefined(input))
        {
            return input;
        }

        if (NetworkLookup.TryFind(view, input) is { } network)
        {
            return network.Id;
        }

        return localNetwork?.Invoke(input) switch
        {
            null => throw ControlException.NotFound($"network {input} not found"),
            { } name when NetworkNeeds.IsPredefined(name) => name,
            { } name => throw new ControlException(
                403, $"The network {name} cannot be used with services. Only networks scoped to the swarm can be used, such as those created with the overlay driver."),
        };
    }
}

using System.Collections.Immutable;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Control;

/// <summary>What a service's spec names must exist, and what it takes must be free, in the view that the transaction is decided on.</summary>
internal static class References
{
    internal static void Check(StoreView view, ServiceSpec spec, string? exceptService)
    {
        var container = spec.Task.Container;
        EnsureExist("secret", container.Secrets, reference => view.Secrets.Find(reference.Id)?.Annotations.Name);
        EnsureExist("config", container.Configs, reference => view.Configs.Find(reference.Id)?.Annotations.Name);
        ServiceNetworks.Check(view, spec);
        EnsurePortsFree(view, spec.Endpoint, exceptService);
    }

    /// <summary>Whether <see cref="Check"/> looks at other objects for this spec. Says so of everything that it may.</summary>
    internal static bool Any(ServiceSpec spec) =>
        !spec.Task.Container.Secrets.IsDefaultOrEmpty || !spec.Task.Container.Configs.IsDefaultOrEmpty || spec.Endpoint is { Ports.IsDefaultOrEmpty: false }
        || !spec.Networks.IsDefaultOrEmpty || !spec.Task.Networks.IsDefaultOrEmpty;

    private static void EnsureExist(string kind, ImmutableArray<FileReference> references, Func<FileReference, string?> nameOf)
    {
        var missing = references.Where(reference => nameOf(reference) != reference.Name).Select(reference => reference.Name).ToList();
        if (missing.Count > 0)
        {
            throw ControlException.Invalid($"{kind}{(missing.Count > 1 ? "s" : "")} not found: {string.Join(", ", missing)}");
        }
    }

    /// <summary>Services may share a host port (the scheduler keeps them on different nodes), but not with an ingress port.</summary>
    private static void EnsurePortsFree(StoreView view, EndpointSpec? endpoint, string? exceptService)
    {
        var wanted = (endpoint?.Ports ?? []).Where(port => port.PublishedPort != 0).ToList();
        if (wanted.Count == 0)
        {
            return;
        }

        foreach (var other in view.Services.Where(one => one.Id != exceptService && !one.PendingDelete))
        {
            foreach (var taken in (other.Spec.Endpoint?.Ports ?? []).Concat(other.Endpoint.Ports))
            {
                var clash = wanted.Find(port => port.PublishedPort == taken.PublishedPort && port.Protocol == taken.Protocol
                    && (taken.PublishMode == PublishMode.Ingress || port.PublishMode == PublishMode.Ingress));
                if (clash is not null)
                {
                    var how = taken.PublishMode == PublishMode.Ingress ? "an ingress port" : "a host-published port";
                    throw ControlException.Invalid($"port '{taken.PublishedPort}' is already in use by service '{other.Spec.Annotations.Name}' ({other.Id}) as {how}");
                }
            }
        }
    }
}

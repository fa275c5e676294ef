using System.Collections.Immutable;
using Swarm.Manager.Loops;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Allocation;

// Virtual addresses and published ports of services.
internal sealed partial class AllocationLoop
{
    /// <summary>What services wait for that is no network's address.</summary>
    private const string Ports = "ports";
    private const string Ingress = "ingress";

    /// <summary>By service, what was decided on its record of this version: empty, or why its endpoint can not be had.</summary>
    private readonly Dictionary<string, (long Version, string Problem)> _endpoints = new(StringComparer.Ordinal);

    /// <summary>Gives the service what its spec asks for. Answers why that can not be; empty if it has it. Null: the batch is full.</summary>
    private string? EndpointOf(Service service, StoreView view, ChangeBatch batch)
    {
        if (_endpoints.TryGetValue(service.Id, out var known) && known.Version == service.Meta.Version)
        {
            return known.Problem;
        }

        if (service.PendingDelete)
        {
            return "";
        }

        var networks = VirtualNetworks(service.Spec, view, out var problem);
        if (problem.Length > 0)
        {
            Await(Ingress, service.Id);
        }

        var touched = NetworkNeeds.IngressOf(view) is { } ingress && NetworkNeeds.NeedsIngress(service.Spec) ? networks.Append(ingress.Id).Distinct() : networks;
        if (!HasRoom(batch, 1, touched))
        {
            return null;
        }

        if (problem.Length == 0 && Endpoint(service, networks, view, out problem) is { } endpoint && !Codec.Same(endpoint, service.Endpoint))
        {
            _touched.UnionWith(touched);
            batch.Update(service with { Endpoint = endpoint });
        }

        _endpoints[service.Id] = (service.Meta.Version, problem);
        return problem;
    }

    private List<string> VirtualNetworks(ServiceSpec spec, StoreView view, out string problem)
    {
        problem = "";
        if (spec.Endpoint?.Mode == ResolutionMode.DnsRoundRobin)
        {
            return [];
        }

        var networks = NetworkNeeds.Asked(spec).Select(network => network.Target).Where(id => view.Networks.Find(id) is { IsOfNodes: false }).ToList();
        if (NetworkNeeds.NeedsIngress(spec))
        {
            if (NetworkNeeds.IngressOf(view) is { } ingress)
            {
                networks.Add(ingress.Id);
            }
            else
            {
                problem = NetworkNeeds.NoIngress;
            }
        }

        return networks;
    }

    /// <summary>What is there stays as long as it is asked for: neither address nor chosen port changes with an update.</summary>
    private ServiceEndpoint? Endpoint(Service service, List<string> networks, StoreView view, out string problem)
    {
        problem = "";
        var addresses = service.Endpoint.VirtualIps.Where(one => networks.Contains(one.NetworkId)).ToImmutableArray();
        foreach (var id in networks.Where(id => addresses.All(one => one.NetworkId != id)))
        {
            if (_ledger.Find(id) is not { } book)
            {
                continue;
            }

            if (_ledger.Take(book, service.Id, []) is not { } taken)
            {
                _ledger.Undo(service.Id);
                Await(id, service.Id);
                problem = book.Exhausted;
                return null;
            }

            addresses = [.. addresses, .. taken.Select(address => new VirtualIp { NetworkId = id, Address = address })];
        }

        var spec = service.Spec.Endpoint ?? new EndpointSpec();
        if (_ports.Take(service.Id, spec.Ports, service.Endpoint.Ports, id => view.Services.Find(id)?.Spec.Annotations.Name ?? id, out problem) is not { } ports)
        {
            _ledger.Undo(service.Id);
            Await(Ports, service.Id);
            return null;
        }

        return new ServiceEndpoint { Spec = spec, Ports = ports, VirtualIps = addresses };
    }
}

using System.Net;
using Swarm.Model;
using Swarm.Networking.Ipam;

namespace Swarm.Networking.Overlay;

/// <summary>What a table says of services, in the order of its keys, so that small changes stay small.</summary>
internal static class TableServices
{
    /// <summary>The endpoints of each service that take new connections.</summary>
    public static ILookup<string, NetworkEndpoint> Serving(NetworkTable table) =>
        table.Endpoints.Values.Where(endpoint => endpoint is { IsServing: true, ServiceId.Length: > 0 }).ToLookup(endpoint => endpoint.ServiceId);

    /// <summary>Where each virtual address leads: to the serving endpoints' addresses of its family, which may be none.</summary>
    public static Dictionary<IPAddress, IPAddress[]> Virtual(NetworkTable? table)
    {
        var virtuals = new Dictionary<IPAddress, IPAddress[]>();
        if (table is null)
        {
            return virtuals;
        }

        var serving = Serving(table);
        foreach (var (id, service) in table.Services)
        {
            foreach (var address in service.VirtualIps.Select(IPAddress.Parse))
            {
                virtuals[address] = [.. serving[id].SelectMany(Addresses).Where(backend => backend.IsIPv6() == address.IsIPv6())];
            }
        }

        return virtuals;
    }

    public static IEnumerable<IPAddress> Addresses(NetworkEndpoint endpoint) => endpoint.Addresses.Select(IpAddresses.OfCidr);
}

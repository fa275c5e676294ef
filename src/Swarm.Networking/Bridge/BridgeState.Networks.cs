using System.Net;
using Microsoft.Extensions.Logging;
using Swarm.Networking.Networks;

namespace Swarm.Networking.Bridge;

/// <summary>Making and removing networks.</summary>
internal sealed partial class BridgeState
{
    /// <summary>The network exists from the write of its file; what a crash leaves undone the next start does.</summary>
    public async Task<NetworkRecord> CreateAsync(NetworkSpec spec, bool isForOverlays = false)
    {
        var record = NetworkPlan.Of(spec, NewId(), time.GetUtcNow(), [.. records.Values.Where(other => !other.IsOverlay)], HostUses(), options) with { IsForOverlays = isForOverlays };
        var settings = BridgeSettings.Read(record.Id, record.Options);
        record = record with { LinkIsTheHosts = BridgeLink.Find(route, settings.LinkName) is not null };
        networkFiles.Save(record);
        try
        {
            Begin(record);
            await RestateRulesAsync(CancellationToken.None);
            await PutIngressAsync([]); // its containers' addresses mean nothing elsewhere
            return record;
        }
        catch (Exception error)
        {
            LogNotCreated(logger, record.Name, error.Message);
            await EndAsync(record);
            throw;
        }
    }

    /// <exception cref="NetworkFault">It is predefined, or containers are on it.</exception>
    public async Task<NetworkRecord> RemoveAsync(string network)
    {
        var record = NetworkLookup.Get(records, network);
        if (record.IsOverlay)
        {
            throw new NetworkFault(NetworkFaultKind.Forbidden, $"network {record.Name} is the cluster's: a manager removes it");
        }

        if (record.IsPredefined)
        {
            throw new NetworkFault(NetworkFaultKind.Forbidden, $"{record.Name} is a pre-defined network and cannot be removed");
        }

        var members = sandboxes.Values.Select(sandbox => (sandbox.Name, Endpoint: sandbox.On(record.Id))).Where(member => member.Endpoint is not null).ToList();
        if (members.Count > 0)
        {
            var list = string.Join(", ", members.Select(member => $"name:\"{member.Name}\" id:\"{member.Endpoint!.EndpointId[..12]}\""));
            throw new NetworkFault(NetworkFaultKind.Forbidden, $"error while removing network: network {record.Name} has active endpoints ({list})");
        }

        await EndAsync(record);
        return record;
    }

    /// <summary>Makes the bridge and takes the network up.</summary>
    private LiveNetwork Begin(NetworkRecord record)
    {
        var settings = BridgeSettings.Read(record.Id, record.Options);
        var mtu = settings.Mtu > 0 ? settings.Mtu : options.Mtu;
        var network = new LiveNetwork(record, settings, BridgeLink.Ensure(host, route, record, settings, mtu, options.Forwards), route);
        networks[record.Id] = network;
        records = records.SetItem(record.Id, record);
        return network;
    }

    /// <summary>Safe to repeat; the file goes last.</summary>
    private async Task EndAsync(NetworkRecord record)
    {
        records = records.Remove(record.Id);
        networks.Remove(record.Id);
        await RestateRulesAsync(CancellationToken.None);
        if (!record.LinkIsTheHosts)
        {
            route.TryDeleteLink(BridgeSettings.Read(record.Id, record.Options).LinkName);
        }

        networkFiles.Delete(record.Id);
    }

    private List<IPNetwork> HostUses() =>
    [
        .. route.Addresses().Select(address => Ipam.Subnets.Of(address.Address, address.PrefixLength)),
        .. route.Routes().Select(found => found.Destination).OfType<IPNetwork>().Where(network => network.PrefixLength > 0),
    ];
}

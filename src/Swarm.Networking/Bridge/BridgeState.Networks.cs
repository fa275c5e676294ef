using System.Net;
using Microsoft.Extensions.Logging;
using Swarm.Networking.Netlink;
using Swarm.Networking.Networks;

namespace Swarm.Networking.Bridge;

/// <summary>Making and removing networks.</summary>
internal sealed partial class BridgeState
{
    /// <summary>The network exists from the write of its file; what a crash leaves undone the next start does.</summary>
    /// <param name="clusterId">The id that the cluster knows it by; null: it is this node's.</param>
    public async Task<NetworkRecord> CreateAsync(NetworkSpec spec, bool isForOverlays = false, string? clusterId = null)
    {
        var record = NetworkPlan.Of(spec, clusterId ?? NewId(), time.GetUtcNow(), [.. records.Values.Where(other => !other.IsOverlay)], HostUses(), options) with
        {
            IsForOverlays = isForOverlays,
            IsOfCluster = clusterId is not null,
        };
        if (record.ConfigOnly)
        {
            networkFiles.Save(record);
            records = records.SetItem(record.Id, record);
            return record;
        }

        record = record with
        {
            LinkIsTheHosts = record.IsMacvlan ? MacvlanParent.IsTheHosts(route, record) : BridgeLink.Find(route, BridgeSettings.Read(record.Id, record.Options).LinkName) is not null,
        };
        networkFiles.Save(record);
        try
        {
            var made = Begin(record);
            if (record.IsMacvlan)
            {
                MacvlanParent.Probe(route, made.Link, record);
            }

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
        if (record.IsOverlay || record.IsOfCluster)
        {
            throw new NetworkFault(NetworkFaultKind.Forbidden, $"network {record.Name} is the cluster's: a manager removes it");
        }

        if (record.IsPredefined)
        {
            throw new NetworkFault(NetworkFaultKind.Forbidden, $"{record.Name} is a pre-defined network and cannot be removed");
        }

        if (record.ConfigOnly)
        {
            if (records.Values.Any(other => other.ConfigFrom == record.Name))
            {
                throw new NetworkFault(NetworkFaultKind.Forbidden, $"configuration network \"{record.Name}\" is in use");
            }

            records = records.Remove(record.Id);
            networkFiles.Delete(record.Id);
            return record;
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
        var link = record.IsMacvlan
            ? MacvlanParent.Ensure(route, record, settings.Mtu)
            : BridgeLink.Ensure(host, route, record, settings, settings.Mtu > 0 ? settings.Mtu : options.Mtu, options.Forwards);
        return TakeUp(record, settings, link);
    }

    /// <summary>At the start: a parent that the host has not, or not yet, is looked for again when a container needs it.</summary>
    private void BeginAgain(NetworkRecord record)
    {
        try
        {
            Begin(record);
        }
        catch (Exception error) when (record.IsMacvlan && error is NetworkFault or NetlinkException)
        {
            LogNotCreated(logger, record.Name, error.Message);
            TakeUp(record, BridgeSettings.Read(record.Id, record.Options), new BridgeLink("", 0, 0, PassesRules: false));
        }
    }

    private LiveNetwork TakeUp(NetworkRecord record, BridgeSettings settings, BridgeLink link)
    {
        var network = new LiveNetwork(record, settings, link, route);
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
        if (record.IsMacvlan)
        {
            DropParent(record);
        }
        else if (!record.LinkIsTheHosts)
        {
            route.TryDeleteLink(BridgeSettings.Read(record.Id, record.Options).LinkName);
        }

        networkFiles.Delete(record.Id);
    }

    /// <summary>A parent that we made goes with the last network on it; until then it is the next one's to remove.</summary>
    private void DropParent(NetworkRecord record)
    {
        var parent = MacvlanParent.SettingsOf(record).Parent;
        var heir = networks.Values.FirstOrDefault(other => other.Record.IsMacvlan && MacvlanParent.SettingsOf(other.Record).Parent == parent);
        if (!record.LinkIsTheHosts && heir is null)
        {
            route.TryDeleteLink(parent);
        }
        else if (!record.LinkIsTheHosts)
        {
            var inherited = heir!.Record with { LinkIsTheHosts = false };
            networkFiles.Save(inherited);
            networks[inherited.Id] = new LiveNetwork(inherited, heir);
            records = records.SetItem(inherited.Id, inherited);
        }
    }

    private List<IPNetwork> HostUses() =>
    [
        .. route.Addresses().Select(address => Ipam.Subnets.Of(address.Address, address.PrefixLength)),
        .. route.Routes().Select(found => found.Destination).OfType<IPNetwork>().Where(network => network.PrefixLength > 0),
    ];
}

using System.Globalization;
using System.Net;
using Swarm.Manager.Allocation;
using Swarm.Model;

namespace Swarm.Manager.Control;

/// <summary>What a network of the cluster may be asked to be, with the texts of Docker and of swarmkit's control API.</summary>
internal static class NetworkValidation
{
    /// <exception cref="ControlException">It can not be had.</exception>
    internal static void Check(Network asked)
    {
        var name = asked.Annotations.Name;
        if (NetworkNeeds.IsPredefined(name))
        {
            throw new ControlException(403, $"{name} is a pre-defined network and cannot be created");
        }

        CheckDriver(asked);

        if (asked is { Attachable: true, Ingress: true })
        {
            throw ControlException.Invalid("ingress network cannot be attachable");
        }

        if (asked is { Internal: true, Ingress: true })
        {
            throw ControlException.Invalid("ingress network cannot be internal");
        }

        ServiceValidation.CheckName(name);
        CheckOptions(asked);
        CheckPools(asked);
    }

    private static void CheckDriver(Network asked)
    {
        var name = asked.Annotations.Name;
        if (asked is { IsOfNodes: true, Ingress: true })
        {
            throw new ControlException(501, "rpc error: code = Unimplemented desc = only overlay driver is currently supported for ingress network");
        }

        if (asked.Driver.Name is "host" or "null")
        {
            throw new ControlException(403, $"only one instance of \"{asked.Driver.Name}\" network is allowed");
        }

        if (asked.IsOfNodes && asked.Driver.Name is not ("bridge" or "macvlan"))
        {
            throw ControlException.NotBuilt($"network {name}: swarm networks of the driver {asked.Driver.Name} are not built in this version: the drivers are overlay, bridge and macvlan");
        }

        if (asked.ConfigFrom.Length == 0)
        {
            return;
        }

        if (asked.EnableIPv6 || !asked.AskedPools.IsEmpty || !asked.Driver.Options.IsEmpty || !asked.Annotations.Labels.IsEmpty || asked.Ipam is { Options.IsEmpty: false })
        {
            throw new ControlException(403, "user supplied configurations are not supported if the network depends on a configuration network");
        }

        if (!asked.IsOfNodes)
        {
            throw ControlException.NotBuilt($"network {name}: an overlay that takes its configuration from another network is not built in this version");
        }
    }

    private static void CheckOptions(Network asked)
    {
        if (asked.Driver.Options.TryGetValue(NetworkControl.VniOption, out var list)
            && !(int.TryParse(list.Split(',')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var vni) && vni is > 0 and <= PoolPlan.LastVni))
        {
            throw ControlException.Invalid($"invalid vxlan id value \"{list}\" passed");
        }

        if (asked.Ipam is { Name: not ("" or "default") } ipam)
        {
            throw ControlException.Invalid($"IPAM driver {ipam.Name} not found");
        }
    }

    private static void CheckPools(Network asked)
    {
        var blocks = new List<Cidr>();
        foreach (var pool in asked.AskedPools)
        {
            blocks.Add(Check(pool));
        }

        for (var i = 0; i < blocks.Count; i++)
        {
            if (blocks.Take(i).Cast<Cidr?>().FirstOrDefault(other => other!.Value.Overlaps(blocks[i])) is { } clash)
            {
                throw ControlException.Invalid($"invalid pool request: Pool overlaps with other one on this address space: {blocks[i]} overlaps {clash}");
            }
        }

        if (asked.Ingress && blocks.GroupBy(block => block.Family).Any(family => family.Count() > 1))
        {
            throw ControlException.NotBuilt($"network {asked.Annotations.Name}: more than one subnet of a family is not built for the ingress network");
        }
    }

    private static Cidr Check(NetworkPool pool)
    {
        if (!Cidr.TryParse(pool.Subnet, out var subnet, out _))
        {
            throw Wrong($"invalid subnet {pool.Subnet}");
        }

        if (subnet.PrefixLength < (subnet.IsIPv6 ? 16 : 8) || subnet.PrefixLength > IpAddresses.Bits(subnet.Family) - 2)
        {
            throw Wrong($"invalid subnet {pool.Subnet}: it has {(subnet.PrefixLength <= 16 ? "too many" : "too few")} addresses");
        }

        if (pool.Range.Length > 0)
        {
            if (!Cidr.TryParse(pool.Range, out var range, out _))
            {
                throw Wrong($"invalid range {pool.Range}");
            }

            if (range.Family != subnet.Family || !subnet.Contains(range.First) || !subnet.Contains(range.Last))
            {
                throw Wrong($"subnet {pool.Subnet} does not contain range {pool.Range}");
            }
        }

        foreach (var (what, text) in pool.Auxiliary.Select(pair => ("auxiliary address", pair.Value)).Append(("gateway", pool.Gateway)).Where(one => one.Item2.Length > 0))
        {
            if (!IPAddress.TryParse(text, out var address))
            {
                throw Wrong($"invalid {what} {text}");
            }

            if (address.AddressFamily != subnet.Family || !subnet.Contains(IpAddresses.ToNumber(address)))
            {
                throw Wrong($"subnet {pool.Subnet} does not contain {what} {text}");
            }
        }

        return subnet;
    }

    private static ControlException Wrong(string text) => ControlException.Invalid("ipam configuration: " + text);
}

using Swarm.Linux;
using Swarm.Networking.Netlink;
using static Swarm.Networking.Netlink.RouteConstants;

namespace Swarm.Networking.Nftables;

/// <summary>How many rules a table has, asked of the kernel itself: enough to see that somebody flushed it, and cheap.</summary>
internal static class RuleCount
{
    /// <param name="table">Of the family inet, without the family's name.</param>
    /// <returns>0 also when there is no such table.</returns>
    public static int Of(NetworkNamespace ns, string table)
    {
        using var netlink = ns.Run(() => new NetlinkSocket(NetlinkNetfilter));
        try
        {
            return netlink.Dump(() => Request(table), "list rules", payload => IsOf(payload, table) ? table : null).Count;
        }
        catch (NetlinkException error) when (error.NotThere)
        {
            return 0;
        }
    }

    private static NetlinkRequest Request(string table)
    {
        var request = new NetlinkRequest(GetRule, FlagDump, NetfilterHeaderBytes);
        request.Fixed[0] = FamilyInetTables;
        return request.Add(RuleTable, table);
    }

    private static bool IsOf(ReadOnlySpan<byte> payload, string table)
    {
        var attributes = new NetlinkAttributes(payload[NetfilterHeaderBytes..]);
        while (attributes.Next())
        {
            if (attributes.Type == RuleTable)
            {
                return attributes.Text == table;
            }
        }

        return false;
    }
}

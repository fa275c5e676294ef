using Swarm.Networking.Netlink;
using static Swarm.Networking.Netlink.RouteConstants;

namespace Swarm.Networking.Nftables;

/// <summary>How many elements a set or map has, asked of the kernel itself in the calling thread's namespace.</summary>
internal static class SetCount
{
    /// <param name="table">Of the family inet.</param>
    /// <returns>Null: there is no such set.</returns>
    public static int? Of(string table, string set)
    {
        using var netlink = new NetlinkSocket(NetlinkNetfilter);
        try
        {
            return netlink.Dump(() => Request(table, set), $"list elements of {set}", payload => (object)Count(payload)).Sum(count => (int)count);
        }
        catch (NetlinkException error) when (error.NotThere)
        {
            return null;
        }
    }

    private static NetlinkRequest Request(string table, string set)
    {
        var request = new NetlinkRequest(GetElement, FlagDump, NetfilterHeaderBytes);
        request.Fixed[0] = FamilyInetTables;
        return request.Add(ElementsTable, table).Add(ElementsSet, set);
    }

    private static int Count(ReadOnlySpan<byte> payload)
    {
        var count = 0;
        var attributes = new NetlinkAttributes(payload[NetfilterHeaderBytes..]);
        while (attributes.Next())
        {
            if (attributes.Type != ElementsList)
            {
                continue;
            }

            var elements = new NetlinkAttributes(attributes.Value);
            while (elements.Next())
            {
                count++;
            }
        }

        return count;
    }
}

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Swarm.Linux;
using static Swarm.Networking.Netlink.RouteConstants;

namespace Swarm.Networking.Netlink;

/// <summary>
/// The kernel's connection tracking (nfnetlink_conntrack): forgets flows whose translation is out of date. A UDP client that keeps sending
/// keeps its old translation for ever, and a TCP client of a container that is gone waits where it could be reset.
/// </summary>
/// <remarks>The kernel filters while it lists (since 5.8); an older one lists all, so what comes back is looked at again.</remarks>
public sealed class FlowSocket : IDisposable
{
    private readonly NetlinkSocket netlink = new(NetlinkNetfilter);

    public static FlowSocket In(NetworkNamespace ns) => ns.Run(static () => new FlowSocket());

    public void Dispose() => netlink.Dispose();

    /// <summary>Forgets what clients sent to a container, by whatever address.</summary>
    /// <returns>How many flows.</returns>
    public int ForgetAnsweredBy(IPAddress container)
    {
        var address = container.GetAddressBytes();
        var request = Request(GetFlow, FlagDump)
            .Nest(FlowReply | NestedBit).Nest(TupleAddresses | NestedBit).Add(TupleSource, address).End().End();
        AddFilter(request, FilterReplyFlags, FilterSource);
        return Forget(request, $"list flows answered by {container}", FlowReply, TupleAddresses, (type, value) => type == TupleSource ? value.SequenceEqual(address) : null);
    }

    /// <summary>Forgets what clients sent to a port, wherever it went.</summary>
    /// <inheritdoc cref="ForgetAnsweredBy"/>
    public int ForgetSentTo(ProtocolType protocol, int port)
    {
        var bytes = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)port);
        var request = Request(GetFlow, FlagDump)
            .Nest(FlowOriginal | NestedBit).Nest(TupleProtocol | NestedBit)
            .Add(ProtocolNumber, [(byte)protocol]).Add(ProtocolDestinationPort, bytes).End().End();
        AddFilter(request, FilterOriginalFlags, FilterProtocolNumber | FilterDestinationPort);
        return Forget(request, $"list {protocol} flows to port {port}", FlowOriginal, TupleProtocol, (type, value) => type switch
        {
            ProtocolNumber => value[0] == (byte)protocol ? null : false,
            ProtocolDestinationPort => value.SequenceEqual(bytes),
            _ => null,
        });
    }

    /// <summary>Null: this attribute does not decide.</summary>
    private delegate bool? Decide(ushort type, ReadOnlySpan<byte> value);

    private sealed record Flow(byte[] Original, byte[] Id);

    private int Forget(NetlinkRequest list, string what, ushort tuple, ushort part, Decide decide)
    {
        var flows = netlink.Dump(() => list, what, payload => Parse(payload, tuple, part, decide));
        foreach (var flow in flows)
        {
            try
            {
                netlink.Change(Request(DeleteFlow, FlagAck).Add(FlowOriginal | NestedBit, flow.Original).Add(FlowId, flow.Id), "forget a flow");
            }
            catch (NetlinkException error) when (error.NotThere)
            {
                // It ended by itself in between.
            }
        }

        return flows.Count;
    }

    private static Flow? Parse(ReadOnlySpan<byte> payload, ushort tuple, ushort part, Decide decide)
    {
        byte[] original = [], id = [];
        var wanted = false;
        var attributes = new NetlinkAttributes(payload[NetfilterHeaderBytes..]);
        while (attributes.Next())
        {
            if (attributes.Type == FlowId)
            {
                id = attributes.Value.ToArray();
            }

            if (attributes.Type == FlowOriginal)
            {
                original = attributes.Value.ToArray();
            }

            if (attributes.Type == tuple)
            {
                wanted = Matches(attributes.Value, part, decide);
            }
        }

        return wanted ? new Flow(original, id) : null;
    }

    private static bool Matches(ReadOnlySpan<byte> tuple, ushort part, Decide decide)
    {
        var matches = false;
        var parts = new NetlinkAttributes(tuple);
        while (parts.Next())
        {
            var fields = new NetlinkAttributes(parts.Type == part ? parts.Value : []);
            while (fields.Next())
            {
                switch (decide(fields.Type, fields.Value))
                {
                    case false:
                        return false;
                    case true:
                        matches = true;
                        break;
                }
            }
        }

        return matches;
    }

    private static NetlinkRequest Request(ushort type, ushort flags)
    {
        var request = new NetlinkRequest(type, flags, NetfilterHeaderBytes);
        request.Fixed[0] = FamilyInet;
        return request;
    }

    private static void AddFilter(NetlinkRequest request, ushort direction, int flags) => request.Nest(FlowFilter | NestedBit).Add(direction, flags).End();
}

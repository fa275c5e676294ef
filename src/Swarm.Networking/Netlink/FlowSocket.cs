using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Swarm.Linux;
using static Swarm.Networking.Netlink.RouteConstants;

namespace Swarm.Networking.Netlink;

/// <summary>
/// The kernel's connection tracking (nfnetlink_conntrack). All namespaces share one table, which a listing walks whole: that takes 10 ms and more however few flows
/// there are (measured), so callers gather what they look for, and what the kernel can find by itself it is asked to. One thread at a time.
/// </summary>
public sealed class FlowSocket : IDisposable
{
    /// <summary>The kernel looks once for each, in a twentieth of the time of a listing.</summary>
    private const int MostByThemselves = 16;

    private readonly NetlinkSocket netlink = new(NetlinkNetfilter);

    public static FlowSocket In(NetworkNamespace ns) => ns.Run(static () => new FlowSocket());

    public void Dispose() => netlink.Dispose();

    /// <summary>How many flows there are: told without a walk.</summary>
    public int Count() => netlink.Get(Request(GetFlowStatistics, 0, FamilyAny), "count flows", payload =>
    {
        var attributes = new NetlinkAttributes(payload[NetfilterHeaderBytes..]);
        while (attributes.Next())
        {
            if (attributes.Type == FlowEntries)
            {
                return (object)BinaryPrimitives.ReadInt32BigEndian(attributes.Value);
            }
        }

        return null;
    }) is int count ? count : 0;

    /// <summary>Forgets every flow whose client is answered by one of them, so that its next packet is judged by the rules of now.</summary>
    public void ForgetAnsweredBy(IReadOnlySet<IPAddress> addresses)
    {
        if (addresses.Count > MostByThemselves || !addresses.All(TryForgetAnsweredBy))
        {
            Forget(flow => addresses.Contains(flow.AnsweredBy));
        }
    }

    /// <returns>False: the kernel (before 6.11) does not look for flows by itself.</returns>
    private bool TryForgetAnsweredBy(IPAddress address)
    {
        var ipv6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        var request = Request(DeleteFlow, FlagAck, ipv6 ? FamilyInet6 : FamilyInet)
            .Nest(FlowReply | NestedBit).Nest(TupleAddresses | NestedBit).Add(ipv6 ? TupleSource6 : TupleSource, address.GetAddressBytes()).End().End()
            .Nest(FlowFilter | NestedBit).Add(FilterReply, FilterSource).End();
        try
        {
            netlink.Change(request, "forget flows");
            return true;
        }
        catch (NetlinkException error) when (error.NotUnderstood)
        {
            return false;
        }
    }

    /// <summary>
    /// Forgets every such flow, so that its next packet is judged by the rules of now. A TCP connection that is over is left: a client that uses its port again begins
    /// a new flow by itself, and the kernel may name that one as it named the old (its identifier is made of where in memory it is and of the client's side), so
    /// that forgetting the old would cut the new.
    /// </summary>
    /// <returns>How many.</returns>
    public int Forget(Predicate<Flow> unwanted)
    {
        var flows = netlink.Dump(() => Request(GetFlow, FlagDump, FamilyAny), "list flows", payload => Parse(payload) is { } flow && unwanted(flow) ? flow : null);
        foreach (var flow in flows)
        {
            try
            {
                netlink.Change(Request(DeleteFlow, FlagAck, flow.AnsweredBy.AddressFamily == AddressFamily.InterNetworkV6 ? FamilyInet6 : FamilyInet).Add(FlowOriginal | NestedBit, flow.Tuple).Add(FlowId, flow.Id), "forget a flow");
            }
            catch (NetlinkException error) when (error.NotThere)
            {
                // It ended by itself in between.
            }
        }

        return flows.Count;
    }

    private static Flow? Parse(ReadOnlySpan<byte> payload)
    {
        byte[] tuple = [], id = [];
        var isOver = false;
        var original = default(Tuple);
        var reply = default(Tuple);
        var attributes = new NetlinkAttributes(payload[NetfilterHeaderBytes..]);
        while (attributes.Next())
        {
            switch (attributes.Type)
            {
                case FlowOriginal:
                    tuple = attributes.Value.ToArray();
                    original = ParseTuple(attributes.Value);
                    break;
                case FlowReply:
                    reply = ParseTuple(attributes.Value);
                    break;
                case FlowProtocol:
                    isOver = IsOver(attributes.Value);
                    break;
                case FlowId:
                    id = attributes.Value.ToArray();
                    break;
            }
        }

        return !isOver && reply.Source is { } answeredBy ? new Flow(original.Protocol, original.DestinationPort, answeredBy, tuple, id) : null;
    }

    private static bool IsOver(ReadOnlySpan<byte> bytes)
    {
        var protocols = new NetlinkAttributes(bytes);
        while (protocols.Next())
        {
            var fields = new NetlinkAttributes(protocols.Value);
            while (protocols.Type == FlowTcp && fields.Next())
            {
                if (fields.Type == FlowTcpState)
                {
                    return fields.Value[0] == TcpTimeWait;
                }
            }
        }

        return false;
    }

    private readonly record struct Tuple(IPAddress? Source, ProtocolType Protocol, int DestinationPort);

    private static Tuple ParseTuple(ReadOnlySpan<byte> bytes)
    {
        var tuple = default(Tuple);
        var parts = new NetlinkAttributes(bytes);
        while (parts.Next())
        {
            var fields = new NetlinkAttributes(parts.Value);
            while (fields.Next())
            {
                tuple = (parts.Type, fields.Type) switch
                {
                    (TupleAddresses, TupleSource or TupleSource6) => tuple with { Source = new IPAddress(fields.Value) },
                    (TupleProtocol, ProtocolNumber) => tuple with { Protocol = (ProtocolType)fields.Value[0] },
                    (TupleProtocol, ProtocolDestinationPort) => tuple with { DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(fields.Value) },
                    _ => tuple,
                };
            }
        }

        return tuple;
    }

    private static NetlinkRequest Request(ushort type, ushort flags, byte family)
    {
        var request = new NetlinkRequest(type, flags, NetfilterHeaderBytes);
        request.Fixed[0] = family;
        return request;
    }
}

/// <summary>One connection as the kernel tracks it.</summary>
/// <param name="Port">That the client sent to; 0 for protocols without ports.</param>
/// <param name="AnsweredBy">Who the client's packets really go to, after translation.</param>
public sealed record Flow(ProtocolType Protocol, int Port, IPAddress AnsweredBy, byte[] Tuple, byte[] Id);

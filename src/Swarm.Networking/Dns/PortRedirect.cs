using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Swarm.Networking.Netlink;
using static Swarm.Networking.Netlink.RouteConstants;

namespace Swarm.Networking.Dns;

/// <summary>
/// Port 53 of 127.0.0.11 leads to where the name server listens. Held by rules rather than by the server itself, because a container may have a
/// name server of its own on port 53 of all its addresses. Straight to the kernel (nf_tables by nfnetlink): 0.2 ms, where an nft takes 16.
/// </summary>
internal static class PortRedirect
{
    private const string Table = "swarm_names", Chain = "output";
    private const int DestinationOffset = 16, DestinationPortOffset = 2, Register = 1, DnsPort = 53; // struct iphdr; of UDP and TCP alike

    /// <summary>In the calling thread's namespace, in place of what an earlier daemon left.</summary>
    /// <exception cref="NetlinkException">The kernel refuses.</exception>
    public static void Set(IPAddress address, int udpPort, int tcpPort)
    {
        using var netlink = new NetlinkSocket(NetlinkNetfilter);
        netlink.Batch(
            [
                Mark(BatchBegin),
                Message(NewTable, FlagCreate).Add(TableName, Table),
                Message(DeleteTable, 0).Add(TableName, Table),
                Message(NewTable, FlagCreate).Add(TableName, Table),
                Message(NewChain, FlagCreate)
                    .Add(ChainTable, Table).Add(ChainName, Chain)
                    .Nest(ChainHook | NestedBit).AddBigEndian(HookNumber, HookLocalOut).AddBigEndian(HookPriority, PriorityNatDestination).End()
                    .AddBigEndian(ChainPolicy, VerdictAccept).Add(ChainType, "nat"),
                Rule(address, ProtocolType.Udp, udpPort, 0),
                Rule(address, ProtocolType.Tcp, tcpPort, FlagAck),
                Mark(BatchEnd),
            ],
            "redirect names of a container");
    }

    private static NetlinkRequest Rule(IPAddress address, ProtocolType protocol, int port, ushort acknowledge)
    {
        var rule = Message(NewRule, (ushort)(FlagCreate | FlagAppend | acknowledge)).Add(RuleTable, Table).Add(RuleChain, Chain).Nest(RuleExpressions | NestedBit);
        Load(rule, NetworkHeader, DestinationOffset, 4);
        Compare(rule, address.GetAddressBytes());
        Expression(rule, "meta", () => rule.AddBigEndian(MetaRegister, Register).AddBigEndian(MetaKey, MetaProtocol));
        Compare(rule, [(byte)protocol]);
        Load(rule, TransportHeader, DestinationPortOffset, 2);
        Compare(rule, PortBytes(DnsPort));
        Expression(rule, "immediate", () => rule.AddBigEndian(ImmediateRegister, Register).Nest(ImmediateData | NestedBit).Add(DataValue, PortBytes(port)).End());
        Expression(rule, "nat", () => rule.AddBigEndian(NatType, NatDestination).AddBigEndian(NatFamily, FamilyInet).AddBigEndian(NatPortRegister, Register));
        return rule.End();
    }

    private static void Load(NetlinkRequest rule, int header, int offset, int length) => Expression(rule, "payload", () => rule
        .AddBigEndian(PayloadRegister, Register).AddBigEndian(PayloadBase, header).AddBigEndian(PayloadOffset, offset).AddBigEndian(PayloadLength, length));

    private static void Compare(NetlinkRequest rule, byte[] value) => Expression(rule, "cmp", () => rule
        .AddBigEndian(CompareRegister, Register).AddBigEndian(CompareOperation, 0).Nest(CompareData | NestedBit).Add(DataValue, value).End());

    private static void Expression(NetlinkRequest rule, string name, Func<NetlinkRequest> data)
    {
        rule.Nest(ListElement | NestedBit).Add(ExpressionName, name).Nest(ExpressionData | NestedBit);
        data().End().End();
    }

    private static byte[] PortBytes(int port)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)port);
        return bytes;
    }

    private static NetlinkRequest Message(ushort type, ushort flags)
    {
        var message = new NetlinkRequest(type, flags, NetfilterHeaderBytes);
        message.Fixed[0] = FamilyInet;
        return message;
    }

    /// <summary>struct nfgenmsg: the subsystem is in the last two bytes, big-endian.</summary>
    private static NetlinkRequest Mark(ushort type)
    {
        var message = new NetlinkRequest(type, 0, NetfilterHeaderBytes);
        BinaryPrimitives.WriteUInt16BigEndian(message.Fixed[2..], RulesSubsystem);
        return message;
    }
}

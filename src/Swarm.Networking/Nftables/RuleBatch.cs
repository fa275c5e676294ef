using System.Buffers.Binary;
using Swarm.Networking.Netlink;
using static Swarm.Networking.Netlink.RouteConstants;

namespace Swarm.Networking.Nftables;

/// <summary>
/// A transaction on one nftables table, written straight to the kernel (nf_tables by nfnetlink): some 0.2 ms where an nft process takes 16, so that it can be
/// done in the namespace of every container. The same batch may be applied in many of them.
/// </summary>
/// <param name="family">NFPROTO_INET, or one family's.</param>
internal sealed class RuleBatch(byte family, string table)
{
    /// <summary>Elements in a message, which must fit a <see cref="NetlinkRequest"/> with the longest keys.</summary>
    private const int ElementsAtOnce = 40;

    private readonly List<NetlinkRequest> messages = [];

    public bool IsEmpty => messages.Count == 0;

    /// <summary>In place of whatever there was.</summary>
    public RuleBatch Fresh()
    {
        Gone();
        messages.Add(Message(NewTable, FlagCreate).Add(TableName, table));
        return this;
    }

    public RuleBatch Gone()
    {
        messages.Add(Message(NewTable, FlagCreate).Add(TableName, table)); // what is not there cannot be deleted
        messages.Add(Message(DeleteTable, 0).Add(TableName, table));
        return this;
    }

    /// <summary>One that others lead to.</summary>
    public RuleBatch Chain(string name)
    {
        messages.Add(Message(NewChain, FlagCreate).Add(ChainTable, table).Add(ChainName, name));
        return this;
    }

    /// <param name="type">nat, filter or route.</param>
    public RuleBatch Chain(string name, string type, int hook, int priority)
    {
        messages.Add(Message(NewChain, FlagCreate)
            .Add(ChainTable, table).Add(ChainName, name)
            .Nest(ChainHook | NestedBit).AddBigEndian(HookNumber, hook).AddBigEndian(HookPriority, priority).End()
            .AddBigEndian(ChainPolicy, VerdictAccept).Add(ChainType, type));
        return this;
    }

    public RuleBatch Flush(string chain)
    {
        messages.Add(Message(DeleteRule, 0).Add(RuleTable, table).Add(RuleChain, chain));
        return this;
    }

    public RuleBatch Rule(string chain, Action<RuleExpressions> fill)
    {
        var rule = Message(NewRule, FlagCreate | FlagAppend).Add(RuleTable, table).Add(RuleChain, chain).Nest(RuleParts | NestedBit);
        fill(new RuleExpressions(rule));
        messages.Add(rule.End());
        return this;
    }

    /// <param name="number">Any that no other set of the batch has.</param>
    public RuleBatch Set(string name, SetShape shape, int number)
    {
        var set = Message(NewSet, FlagCreate).Add(SetTable, table).Add(SetName, name).AddBigEndian(SetFlags, shape.Value == SetValue.None ? 0 : SetIsMap)
            .AddBigEndian(SetKeyType, shape.KeyType).AddBigEndian(SetKeyLength, shape.KeyBytes).AddBigEndian(SetId, number);
        if (shape.Value != SetValue.None)
        {
            set.AddBigEndian(SetDataType, shape.Value == SetValue.Verdict ? SetShape.VerdictType : shape.ValueType);
        }

        messages.Add(shape.Value == SetValue.Bytes ? set.AddBigEndian(SetDataLength, shape.ValueBytes) : set);
        return this;
    }

    public RuleBatch Add(string set, IEnumerable<SetElement> elements) => Elements(NewElement, FlagCreate, set, elements);

    /// <summary>Each must be there.</summary>
    public RuleBatch Delete(string set, IEnumerable<SetElement> elements) => Elements(DeleteElement, 0, set, elements);

    /// <summary>In the calling thread's namespace.</summary>
    /// <exception cref="NetlinkException">The kernel refuses; nothing of it was applied.</exception>
    public void Apply(string what)
    {
        if (IsEmpty)
        {
            return;
        }

        var netlink = new NetlinkSocket(NetlinkNetfilter);
        try
        {
            netlink.MakeRoom();
            Apply(netlink, what);
        }
        finally
        {
            NetlinkClosing.Take(netlink);
        }
    }

    /// <summary>In the socket's namespace. After a refusal the socket is of no further use.</summary>
    /// <exception cref="NetlinkException">The kernel refuses; nothing of it was applied.</exception>
    public void Apply(NetlinkSocket netlink, string what)
    {
        if (IsEmpty)
        {
            return;
        }

        messages[^1].Acknowledged();
        netlink.Batch([Mark(BatchBegin), .. messages, Mark(BatchEnd)], what);
    }

    private RuleBatch Elements(ushort type, ushort flags, string set, IEnumerable<SetElement> elements)
    {
        foreach (var chunk in elements.Chunk(ElementsAtOnce))
        {
            var message = Message(type, flags).Add(ElementsTable, table).Add(ElementsSet, set).Nest(ElementsList | NestedBit);
            foreach (var element in chunk)
            {
                message.Nest(ListElement | NestedBit).Nest(ElementKey | NestedBit).Add(DataValue, element.Key).End();
                if (element.Chain is { } chain)
                {
                    message.Nest(ElementData | NestedBit).Nest(DataVerdict | NestedBit).AddBigEndian(VerdictCode, GotoVerdict).Add(VerdictChain, chain).End().End();
                }
                else if (element.Value is { } value)
                {
                    message.Nest(ElementData | NestedBit).Add(DataValue, value).End();
                }

                message.End();
            }

            messages.Add(message.End());
        }

        return this;
    }

    private NetlinkRequest Message(ushort type, ushort flags)
    {
        var message = new NetlinkRequest(type, flags, NetfilterHeaderBytes);
        message.Fixed[0] = family;
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

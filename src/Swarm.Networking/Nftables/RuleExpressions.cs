using System.Text;
using Swarm.Networking.Netlink;
using static Swarm.Networking.Netlink.RouteConstants;

namespace Swarm.Networking.Nftables;

/// <summary>
/// A rule as the kernel runs it: what is loaded into registers, compared, looked up and done (linux/nf_tables.h). Register 1 has 16 bytes, of which
/// <see cref="FirstWord"/> and the three after it are four each; what <see cref="FirstWord"/> + 4 begins is the next register.
/// </summary>
internal sealed class RuleExpressions(NetlinkRequest rule)
{
    public const int First = 1, FirstWord = 8; // NFT_REG_1, NFT_REG32_00

    private const int Verdict = 0, LinkNameBytes = 16;

    /// <summary>Only packets of this family.</summary>
    public RuleExpressions IsFamily(byte family) => Meta(MetaFamily).Is([family]);

    public RuleExpressions IsProtocol(byte protocol) => Meta(MetaProtocol).Is([protocol]);

    public RuleExpressions CameBy(string link)
    {
        var name = new byte[LinkNameBytes];
        Encoding.ASCII.GetBytes(link, name);
        return Meta(MetaInputName).Is(name);
    }

    public RuleExpressions Meta(int key, int register = First) => Add("meta", () => rule.AddBigEndian(MetaRegister, register).AddBigEndian(MetaKey, key));

    /// <summary>Sets the packet's mark to the first register.</summary>
    public RuleExpressions SetMark() => Add("meta", () => rule.AddBigEndian(MetaKey, MetaMark).AddBigEndian(MetaSource, First));

    public RuleExpressions Load(int header, int offset, int length, int register = First) => Add("payload", () => rule
        .AddBigEndian(PayloadRegister, register).AddBigEndian(PayloadBase, header).AddBigEndian(PayloadOffset, offset).AddBigEndian(PayloadLength, length));

    public RuleExpressions Is(byte[] value, bool not = false) => Add("cmp", () => rule
        .AddBigEndian(CompareRegister, First).AddBigEndian(CompareOperation, not ? 1 : 0).Nest(CompareData | NestedBit).Add(DataValue, value).End());

    /// <summary>Keeps some bits of the first register.</summary>
    public RuleExpressions And(byte[] mask) => Add("bitwise", () => rule
        .AddBigEndian(BitwiseSource, First).AddBigEndian(BitwiseDestination, First).AddBigEndian(BitwiseLength, mask.Length)
        .Nest(BitwiseMask | NestedBit).Add(DataValue, mask).End().Nest(BitwiseXor | NestedBit).Add(DataValue, new byte[mask.Length]).End());

    public RuleExpressions Immediate(byte[] value) => Add("immediate", () => rule
        .AddBigEndian(ImmediateRegister, First).Nest(ImmediateData | NestedBit).Add(DataValue, value).End());

    /// <summary>Goes on only for what is in the set.</summary>
    public RuleExpressions IsIn(string set) => Add("lookup", () => rule.Add(LookupSet, set).AddBigEndian(LookupSource, First));

    /// <summary>What the map has for it goes to the first register.</summary>
    public RuleExpressions Map(string map, int register = First) => Add("lookup", () => rule
        .Add(LookupSet, map).AddBigEndian(LookupSource, register).AddBigEndian(LookupDestination, First));

    /// <summary>Goes where the map says.</summary>
    public RuleExpressions GoBy(string map) => Add("lookup", () => rule
        .Add(LookupSet, map).AddBigEndian(LookupSource, First).AddBigEndian(LookupDestination, Verdict));

    /// <summary>A random number below <paramref name="modulus"/>, of four bytes in the machine's order.</summary>
    public RuleExpressions Random(int modulus, int register) => Add("numgen", () => rule
        .AddBigEndian(NumberDestination, register).AddBigEndian(NumberModulus, modulus).AddBigEndian(NumberType, NumberRandom));

    /// <summary>Sends it to the address in the first register.</summary>
    /// <param name="port">The register of the port; 0: the one that it was sent to.</param>
    public RuleExpressions TranslateAddress(byte family, int port = 0) => Add("nat", () =>
    {
        rule.AddBigEndian(NatType, NatDestination).AddBigEndian(NatFamily, family).AddBigEndian(NatAddressRegister, First);
        return port > 0 ? rule.AddBigEndian(NatPortRegister, port) : rule;
    });

    /// <summary>Sends it to the port in the first register.</summary>
    public RuleExpressions TranslatePort(byte family) => Add("nat", () => rule
        .AddBigEndian(NatType, NatDestination).AddBigEndian(NatFamily, family).AddBigEndian(NatPortRegister, First));

    public RuleExpressions Reset() => Add("reject", () => rule.AddBigEndian(RejectType, RejectReset));

    public RuleExpressions Unreachable() => Add("reject", () => rule.AddBigEndian(RejectType, RejectAnyFamily).Add(RejectCode, [(byte)RejectPortUnreachable]));

    /// <summary>Of the connection: its state's bit, or its mark.</summary>
    public RuleExpressions Track(int key) => Add("ct", () => rule.AddBigEndian(TrackDestination, First).AddBigEndian(TrackKey, key));

    /// <summary>Sets the connection's mark to the first register.</summary>
    public RuleExpressions SetTrackMark() => Add("ct", () => rule.AddBigEndian(TrackKey, TrackMark).AddBigEndian(TrackSource, First));

    /// <summary>
    /// What is asked belongs to the zone of the first two bytes of the first register, what answers it to none; before the kernel looks for the connection (priority raw).
    /// </summary>
    public RuleExpressions SetZoneOfQuestion() => Add("ct", () => rule.AddBigEndian(TrackKey, TrackZone).Add(TrackDirection, [0]).AddBigEndian(TrackSource, First));

    private RuleExpressions Add(string name, Func<NetlinkRequest> data)
    {
        rule.Nest(ListElement | NestedBit).Add(ExpressionName, name).Nest(ExpressionData | NestedBit);
        data().End().End();
        return this;
    }
}

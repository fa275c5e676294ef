namespace Swarm.Networking.Netlink;

/// <summary>The numbers of the kernel's routing and connection tracking sockets that this room uses.</summary>
internal static class RouteConstants
{
    // netlink(7), linux/netlink.h
    public const int AddressFamilyNetlink = 16, SocketRawCloseOnExec = 3 | 0x80000, NetlinkRoute = 0;
    public const int SolNetlink = 270, NetlinkCapAck = 10, NetlinkExtAck = 11, NetlinkGetStrictCheck = 12, NetlinkAddMembership = 1;
    public const int HeaderBytes = 16, AttributeHeaderBytes = 4, Alignment = 4;
    public const ushort MessageError = 2, MessageDone = 3;
    public const ushort FlagRequest = 1, FlagAck = 4, FlagDumpInterrupted = 0x10, FlagAckTlvs = 0x200;
    public const ushort FlagReplace = 0x100, FlagExclusive = 0x200, FlagCreate = 0x400, FlagDump = 0x300;
    public const ushort NestedBit = 0x8000, AttributeTypeMask = 0x3fff;
    public const ushort ErrorAttributeMessage = 1;

    // linux/netfilter/nfnetlink.h, nfnetlink_conntrack.h
    public const int NetlinkNetfilter = 12, NetfilterHeaderBytes = 4;
    public const ushort GetFlow = 0x101, DeleteFlow = 0x102; // NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, _DELETE
    public const ushort GetFlowStatistics = 0x105, FlowEntries = 1; // IPCTNL_MSG_CT_GET_STATS, CTA_STATS_GLOBAL_ENTRIES
    public const ushort FlowOriginal = 1, FlowReply = 2, FlowProtocol = 4, FlowId = 12;
    public const ushort FlowFilter = 25, FilterReply = 2; // CTA_FILTER, CTA_FILTER_REPLY_FLAGS
    public const int FilterSource = 1; // of the tuple, its source's address alone is compared
    public const ushort FlowTcp = 1, FlowTcpState = 1; // CTA_PROTOINFO_TCP, CTA_PROTOINFO_TCP_STATE
    public const byte TcpTimeWait = 7; // TCP_CONNTRACK_TIME_WAIT
    public const ushort TupleAddresses = 1, TupleProtocol = 2;
    public const ushort TupleSource = 1, TupleSource6 = 3; // CTA_IP_V4_SRC, CTA_IP_V6_SRC
    public const ushort ProtocolNumber = 1, ProtocolDestinationPort = 3;

    // linux/netfilter/nfnetlink.h, nf_tables.h
    public const ushort BatchBegin = 0x10, BatchEnd = 0x11, RulesSubsystem = 10, FlagAppend = 0x800;
    public const ushort NewTable = RulesSubsystem << 8, DeleteTable = (RulesSubsystem << 8) | 2, NewChain = (RulesSubsystem << 8) | 3, NewRule = (RulesSubsystem << 8) | 6;
    public const ushort TableName = 1, ChainTable = 1, ChainName = 3, ChainHook = 4, ChainPolicy = 5, ChainType = 7, HookNumber = 1, HookPriority = 2;
    public const ushort RuleTable = 1, RuleChain = 2, RuleParts = 4, ListElement = 1, ExpressionName = 1, ExpressionData = 2, DataValue = 1;
    public const ushort PayloadRegister = 1, PayloadBase = 2, PayloadOffset = 3, PayloadLength = 4, CompareRegister = 1, CompareOperation = 2, CompareData = 3;
    public const ushort MetaRegister = 1, MetaKey = 2, ImmediateRegister = 1, ImmediateData = 2, NatType = 1, NatFamily = 2, NatPortRegister = 5;
    public const int HookLocalOut = 3, PriorityNatDestination = -100, VerdictAccept = 1, NetworkHeader = 1, TransportHeader = 2, MetaProtocol = 16, NatDestination = 1;

    public const ushort DeleteChain = (RulesSubsystem << 8) | 5, GetRule = (RulesSubsystem << 8) | 7, DeleteRule = (RulesSubsystem << 8) | 8;
    public const int GroupRules = 7, GroupLinks = 1; // NFNLGRP_NFTABLES, RTNLGRP_LINK
    public const byte FamilyInetTables = 1; // NFPROTO_INET: tables of both families

    // nf_tables.h: sets, maps and what else the rules of services are made of
    public const ushort NewSet = (RulesSubsystem << 8) | 9, NewElement = (RulesSubsystem << 8) | 12, GetElement = (RulesSubsystem << 8) | 13, DeleteElement = (RulesSubsystem << 8) | 14;
    public const ushort SetTable = 1, SetName = 2, SetFlags = 3, SetKeyType = 4, SetKeyLength = 5, SetDataType = 6, SetDataLength = 7, SetId = 10;
    public const ushort ElementsTable = 1, ElementsSet = 2, ElementsList = 3, ElementKey = 1, ElementData = 2, DataVerdict = 2, VerdictCode = 1, VerdictChain = 2;
    public const ushort LookupSet = 1, LookupSource = 2, LookupDestination = 3, NumberDestination = 1, NumberModulus = 2, NumberType = 3;
    public const ushort NatAddressRegister = 3, RejectType = 1, RejectCode = 2, MetaSource = 3, TrackKey = 2, TrackDestination = 1, TrackSource = 4, TrackDirection = 3;
    public const ushort BitwiseSource = 1, BitwiseDestination = 2, BitwiseLength = 3, BitwiseMask = 4, BitwiseXor = 5;
    public const int SetIsMap = 8, GotoVerdict = -4, NumberRandom = 1, RejectReset = 1, RejectAnyFamily = 2, RejectPortUnreachable = 1;
    public const int MetaMark = 3, MetaInputName = 6, MetaFamily = 15, TrackState = 0, TrackMark = 3, TrackZone = 17, TrackStateNew = 8;
    public const int HookPreRouting = 0, PriorityMangle = -150, PriorityRaw = -300, PriorityFilter = 0, LinkHeader = 0;

    // rtnetlink(7), linux/rtnetlink.h
    public const ushort NewLink = 16, DeleteLink = 17, GetLink = 18;
    public const ushort NewAddress = 20, DeleteAddress = 21, GetAddress = 22;
    public const ushort NewRoute = 24, DeleteRoute = 25, GetRoute = 26;
    public const ushort NewNeighbour = 28, DeleteNeighbour = 29, GetNeighbour = 30;
    public const int LinkHeaderBytes = 16, AddressHeaderBytes = 8, RouteHeaderBytes = 12, NeighbourHeaderBytes = 12;
    public const byte RouteTableMain = 254, RouteProtocolStatic = 4, RouteProtocolBoot = 3, RouteTypeUnicast = 1;
    public const byte RouteScopeUniverse = 0, RouteScopeLink = 253;
    public const ushort RouteDestination = 1, RouteOutputLink = 4, RouteGateway = 5, RouteTable = 15;
    public const ushort NeighbourDestination = 1, NeighbourLinkAddress = 2;
    public const ushort NeighbourPermanent = 0x80, NeighbourNoDetection = 0x40; // NUD_PERMANENT, NUD_NOARP
    public const byte NeighbourSelf = 2, NeighbourMaster = 4; // NTF_SELF: the link's own table; NTF_MASTER: that of the bridge it is a port of
    public const ushort NewPolicy = 32, DeletePolicy = 33; // RTM_NEWRULE
    public const int PolicyHeaderBytes = 12;
    public const ushort PolicyPriority = 6, PolicyMark = 10, PolicyTable = 15, PolicyMask = 16; // linux/fib_rules.h
    public const byte PolicyToTable = 1;
    public const uint RouteOnLink = 4; // RTNH_F_ONLINK: the gateway is taken to be at the link

    // linux/if_link.h, linux/veth.h, linux/if_addr.h
    public const ushort LinkHardwareAddress = 1, LinkName = 3, LinkMtu = 4, LinkParent = 5, LinkMaster = 10, LinkInfo = 18, LinkAlias = 20, LinkNamespaceFd = 28;
    public const ushort InfoKind = 1, InfoData = 2, InfoSlaveKind = 4, InfoSlaveData = 5;
    public const ushort VethPeer = 1;
    public const ushort MacvlanMode = 1, VlanId = 1; // IFLA_MACVLAN_MODE, IFLA_VLAN_ID
    public const ushort BridgePortMode = 4; // IFLA_BRPORT_MODE: 1 lets a port hear its own frames (hairpin)
    public const ushort BridgePortLearning = 8; // IFLA_BRPORT_LEARNING
    public const ushort VxlanId = 1, VxlanLocal = 4, VxlanLearning = 7, VxlanProxy = 11, VxlanPort = 15, VxlanLocal6 = 17; // IFLA_VXLAN_
    public const ushort BridgePortIsolated = 33; // IFLA_BRPORT_ISOLATED
    public const byte AddressNoDetection = 2; // IFA_F_NODAD: an IPv6 address can be used at once
    public const ushort AddressAddress = 1, AddressLocal = 2;
    public const int MaximumNameBytes = 15; // IFNAMSIZ - 1

    // netdevice(7)
    public const uint InterfaceUp = 1;

    // errno(3)
    public const int NoEntry = 2, AlreadyExists = 17, NoDevice = 19, Interrupted = 4;

    // address_families(7)
    public const byte FamilyAny = 0, FamilyInet = 2, FamilyInet6 = 10, FamilyBridge = 7;
}

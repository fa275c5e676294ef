using System.Net;
using Swarm.Model;
using Swarm.Networking.Ipam;
using Swarm.Networking.Netlink;
using Swarm.Networking.Nftables;
using static Swarm.Networking.Netlink.RouteConstants;

namespace Swarm.Networking.Overlay;

/// <summary>
/// The services' virtual addresses inside a container's namespace. A map leads from the address to a chain that draws one of so many numbers, and another from
/// address and number to a backend: so a change is a few elements, the same for every container of a network. What begins a connection is translated once, and its
/// connection tracking keeps it with its backend, also when that is in the map no more. An address without backends is refused at once.
/// </summary>
internal static class ServiceRules
{
    private const string Table = "swarm_services", Output = "output", PreRouting = "prerouting", Refuse = "refuse";
    private const byte Tcp = 6;

    private static readonly Family[] Families = [new(FamilyInet, 16, 4, ""), new(FamilyInet6, 24, 16, "6")];

    /// <param name="Offset">Of the destination address in the packet's header.</param>
    private sealed record Family(byte Number, int Offset, int Bytes, string Suffix)
    {
        public string Addresses => "addresses" + Suffix;

        public string Backends => "backends" + Suffix;

        public string Empty => "empty" + Suffix;

        public string Choose(int count) => $"choose{Suffix}_{count}";
    }

    /// <summary>The whole table, whatever was there before.</summary>
    public static RuleBatch Whole(IEnumerable<NetworkTable> tables)
    {
        var batch = new RuleBatch(FamilyInetTables, Table).Fresh()
            .Chain(Output, "nat", HookLocalOut, PriorityNatDestination)
            .Chain(PreRouting, "nat", HookPreRouting, PriorityNatDestination)
            .Chain(Refuse, "filter", HookLocalOut, PriorityFilter);
        var number = 0;
        foreach (var family in Families)
        {
            var type = family.Number == FamilyInet ? SetShape.Address : SetShape.Address6;
            batch.Set(family.Addresses, new SetShape(type, family.Bytes, SetValue.Verdict), ++number)
                .Set(family.Backends, new SetShape(SetShape.Pair(type, SetShape.Integer), family.Bytes + sizeof(int), SetValue.Bytes, type, family.Bytes), ++number)
                .Set(family.Empty, new SetShape(type, family.Bytes), ++number);
            foreach (var chain in (ReadOnlySpan<string>)[Output, PreRouting])
            {
                batch.Rule(chain, rule => Destination(rule, family).GoBy(family.Addresses));
            }

            batch.Rule(Refuse, rule => Destination(rule, family).IsIn(family.Empty).IsProtocol(Tcp).Reset())
                .Rule(Refuse, rule => Destination(rule, family).IsIn(family.Empty).Unreachable());
        }

        foreach (var table in tables)
        {
            Change(batch, null, table);
        }

        return batch;
    }

    /// <summary>What makes the rules of one table of a network those of another. Null: it is of no network.</summary>
    public static RuleBatch Change(NetworkTable? before, NetworkTable? after)
    {
        var batch = new RuleBatch(FamilyInetTables, Table);
        Change(batch, before, after);
        return batch;
    }

    /// <summary>What the rules in the calling thread's namespace have less or more than the tables.</summary>
    public static IReadOnlyList<string> Faults(IReadOnlyList<NetworkTable> tables)
    {
        var all = tables.SelectMany(TableServices.Virtual).ToList();
        var faults = new List<string>();
        foreach (var family in Families)
        {
            var own = all.Where(pair => pair.Key.IsIPv6() == (family.Number == FamilyInet6)).ToList();
            Compare(family.Addresses, own.Count(pair => pair.Value.Length > 0));
            Compare(family.Empty, own.Count(pair => pair.Value.Length == 0));
            Compare(family.Backends, own.Sum(pair => pair.Value.Length));
        }

        return faults;

        void Compare(string set, int wanted)
        {
            if (SetCount.Of(Table, set) is var present && present != wanted)
            {
                faults.Add($"{set} of services: {present?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "no"} elements in the kernel, {wanted} by the table");
            }
        }
    }

    private static void Change(RuleBatch batch, NetworkTable? before, NetworkTable? after)
    {
        var (had, has) = (TableServices.Virtual(before), TableServices.Virtual(after));
        foreach (var family in Families)
        {
            var changed = had.Keys.Union(has.Keys).Where(address => address.IsIPv6() == (family.Number == FamilyInet6))
                .Select(address => (Address: address, Was: had.GetValueOrDefault(address), Now: has.GetValueOrDefault(address)))
                .Where(change => change.Was is null || change.Now is null || !change.Was.SequenceEqual(change.Now)).ToList();
            Change(batch, family, changed);
        }
    }

    private static void Change(RuleBatch batch, Family family, List<(IPAddress Address, IPAddress[]? Was, IPAddress[]? Now)> changed)
    {
        var gone = changed.Where(change => change.Was is not null && change.Was.Length != change.Now?.Length).ToList();
        var come = changed.Where(change => change.Now is not null && change.Now.Length != change.Was?.Length).ToList();
        batch.Delete(family.Addresses, gone.Where(change => change.Was!.Length > 0).Select(change => new SetElement(change.Address.GetAddressBytes())))
            .Delete(family.Empty, gone.Where(change => change.Was!.Length == 0).Select(change => new SetElement(change.Address.GetAddressBytes())))
            .Delete(family.Backends, changed.SelectMany(change => Different(change.Address, change.Was, change.Now)).Select(element => element with { Value = null }))
            .Add(family.Backends, changed.SelectMany(change => Different(change.Address, change.Now, change.Was)));
        foreach (var count in come.Select(change => change.Now!.Length).Where(count => count > 0).Distinct())
        {
            var chain = family.Choose(count);
            batch.Chain(chain).Flush(chain).Rule(chain, rule => rule
                .Load(NetworkHeader, family.Offset, family.Bytes, RuleExpressions.FirstWord)
                .Random(count, RuleExpressions.FirstWord + (family.Bytes / sizeof(int)))
                .Map(family.Backends, RuleExpressions.FirstWord)
                .TranslateAddress(family.Number));
        }

        batch.Add(family.Addresses, come.Where(change => change.Now!.Length > 0).Select(change => new SetElement(change.Address.GetAddressBytes(), Chain: family.Choose(change.Now!.Length))))
            .Add(family.Empty, come.Where(change => change.Now!.Length == 0).Select(change => new SetElement(change.Address.GetAddressBytes())));
    }

    /// <summary>The backends of <paramref name="these"/> that are not at the same number of <paramref name="others"/>.</summary>
    private static IEnumerable<SetElement> Different(IPAddress address, IPAddress[]? these, IPAddress[]? others) => (these ?? [])
        .Select((backend, number) => (Backend: backend, Number: number))
        .Where(pair => others is null || pair.Number >= others.Length || !others[pair.Number].Equals(pair.Backend))
        .Select(pair => new SetElement([.. address.GetAddressBytes(), .. BitConverter.GetBytes(pair.Number)], pair.Backend.GetAddressBytes()));

    private static RuleExpressions Destination(RuleExpressions rule, Family family) => rule.IsFamily(family.Number).Load(NetworkHeader, family.Offset, family.Bytes);
}

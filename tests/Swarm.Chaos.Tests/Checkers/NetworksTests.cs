using Swarm.Chaos.Checkers;
using Swarm.Chaos.Histories;
using Swarm.Chaos.Running;
using static Swarm.Chaos.Tests.Checkers.Ops;

namespace Swarm.Chaos.Tests.Checkers;

/// <summary>A hand-made history for each way in which a name, an address or a port can lead to somebody else. Times are milliseconds.</summary>
public sealed class NetworksTests
{
    private const string Alpha = "10.0.1.5", Beta = "10.0.1.6";

    /// <summary>Alpha is called web until it is removed, and beta is called shop; then gamma is called web.</summary>
    private static readonly ServiceLife[] Lives =
    [
        new("alpha", "web", 8001, Ms(0), Ms(5000)),
        new("beta", "shop", 8002, Ms(0), null),
        new("gamma", "web", 8003, Ms(9000), null),
    ];

    private static readonly AddressSighting[] Sightings = [new(Alpha, "alpha", Ms(100), Ms(4900)), new(Beta, "beta", Ms(100), Ms(20000))];

    [Theory]
    [InlineData("web", Alpha, 1000)]
    [InlineData("shop", Beta, 1000)]
    [InlineData("web", Alpha, 5900)] // within the bound of its removal
    [InlineData("web", "10.0.1.77", 10000)] // a task of gamma's that no list has shown
    [InlineData("web", Beta, 500)] // beta has it for less than the bound: web may have had it just before
    public void A_name_that_leads_to_its_own_holds(string name, string address, int at) => Assert.Equal(Verdict.Held, Names(Answered(name, at, address)).Verdict);

    [Theory]
    [InlineData("web", Beta, 2000, "10.0.1.6 is of beta")]
    [InlineData("web", Beta, 10000, "10.0.1.6 is of beta")]
    [InlineData("shop", Alpha, 2000, "10.0.1.5 is of alpha")]
    [InlineData("web", Alpha, 6100, "nobody is called so since 5.000 s")]
    [InlineData("mail", "10.0.1.77", 1000, "nobody is called so")]
    public void A_name_that_leads_elsewhere_is_seen(string name, string address, int at, string why)
    {
        var finding = Names(Answered(name, at, address));
        Assert.Equal(Verdict.Violated, finding.Verdict);
        Assert.Contains(why, Assert.Single(finding.Details), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.1.2", 2000, Verdict.Held)]
    [InlineData(Alpha, 2000, Verdict.Violated)] // a task's, which is for tasks.web
    [InlineData("10.0.1.2", 9500, Verdict.Violated)] // of the web before
    [InlineData("10.0.1.3", 9500, Verdict.Held)]
    public void A_name_is_its_services_virtual_address(string address, int at, Verdict expected)
    {
        AddressSighting[] seen = [.. Sightings, new("10.0.1.2", "alpha", Ms(100), Ms(4900), IsVirtual: true), new("10.0.1.3", "gamma", Ms(9200), Ms(12000), IsVirtual: true)];
        var evidence = new Evidence { Networks = new NetworksState(Lives, seen, [Answered("web", at, address)], []) };
        Assert.Equal(expected, new NamesLeadHome().Check(evidence).Verdict);
    }

    [Fact]
    public void One_wrong_address_among_right_ones_is_seen() => Assert.Equal(Verdict.Violated, Names(Answered("web", 2000, Alpha, Beta)).Verdict);

    [Fact]
    public void A_name_of_nobody_that_leads_nowhere_holds_beside_another() => Assert.Equal(Verdict.Held, Names(Answered("mail", 1000), Answered("web", 1000, Alpha)).Verdict);

    [Fact]
    public void Names_that_never_answered_are_unknown() => Assert.Equal(Verdict.Unknown, Names(Answered("web", 1000)).Verdict);

    [Fact]
    public void How_late_an_outdated_answer_was_is_told() =>
        Assert.Contains("at most 400 ms after a removal", Names(Answered("web", 5400, Alpha), Answered("web", 5100, Alpha)).Summary, StringComparison.Ordinal);

    [Theory]
    [InlineData(new[] { "w1" }, 5000, 7000, Verdict.Held)] // the fault is of this node
    [InlineData(null, 5000, 7000, Verdict.Held)] // of every node
    [InlineData(new[] { "w2" }, 5000, 7000, Verdict.Violated)] // of another
    [InlineData(new string[0], 5000, 7000, Verdict.Violated)] // of nobody's word
    [InlineData(new[] { "w1" }, 0, 500, Verdict.Held)] // not yet back
    [InlineData(new[] { "w1" }, 6500, 7000, Verdict.Violated)] // begins later
    public void Only_a_node_that_could_not_know_is_excused(string[]? outOfTouch, int from, int to, Verdict expected)
    {
        var fault = new FaultEvent(1, "control-path", "", Ms(from), Ms(to), Skipped: false, Error: null, outOfTouch);
        Assert.Equal(expected, new NamesLeadHome().Check(Seen(Answered("web", 6200, Alpha)) with { Faults = [fault] }).Verdict);
        Assert.Equal(Verdict.Violated, new NamesLeadHome().Check(Seen(Answered("web", 6200, Alpha)) with { Faults = [fault with { Skipped = true }] }).Verdict);
    }

    [Fact]
    public void A_fault_that_was_not_undone_excuses_for_ever()
    {
        var fault = new FaultEvent(1, "control-path", "", Ms(0), Ms(10), Skipped: false, Error: "nft", ["w1"]);
        Assert.Equal(Verdict.Held, new NamesLeadHome().Check(Seen(Answered("mail", 60000, Alpha)) with { Faults = [fault] }).Verdict);
    }

    [Theory]
    [InlineData(ProbeKind.Name, "web", "alpha", 1000)]
    [InlineData(ProbeKind.Tasks, "shop", "beta", 1000)]
    [InlineData(ProbeKind.Address, Beta, "beta", 2000)]
    [InlineData(ProbeKind.Address, "10.0.1.77", "gamma", 10000)]
    [InlineData(ProbeKind.Address, Alpha, "alpha", 6500)] // a task that takes its time to stop
    [InlineData(ProbeKind.Port, "8001", "alpha", 5900)]
    [InlineData(ProbeKind.Port, "8003", "gamma", 10000)]
    public void A_backend_of_the_service_holds(ProbeKind kind, string target, string token, int at) =>
        Assert.Equal(Verdict.Held, Backends(By(kind, target, token, at)).Verdict);

    [Theory]
    [InlineData(ProbeKind.Name, "web", "beta", 1000, "that service is called shop")]
    [InlineData(ProbeKind.Tasks, "shop", "alpha", 1000, "that service is called web")]
    [InlineData(ProbeKind.Name, "web", "alpha", 6500, "that service is gone since 5.000 s")]
    [InlineData(ProbeKind.Name, "web", "gamma", 8000, "that service was not asked for yet")]
    [InlineData(ProbeKind.Name, "web", "delta", 1000, "there was never such a service")]
    [InlineData(ProbeKind.Address, Beta, "alpha", 2000, "the address is of beta")]
    [InlineData(ProbeKind.Port, "8001", "beta", 1000, "that service publishes 8002")]
    [InlineData(ProbeKind.Port, "8001", "alpha", 6500, "that service is gone")]
    public void A_backend_of_another_service_is_seen(ProbeKind kind, string target, string token, int at, string why)
    {
        var finding = Backends(By(kind, target, token, at));
        Assert.Equal(Verdict.Violated, finding.Verdict);
        Assert.Contains(why, Assert.Single(finding.Details), StringComparison.Ordinal);
    }

    [Fact]
    public void A_virtual_address_leads_to_nobody_once_its_service_is_gone()
    {
        var evidence = new Evidence { Networks = new NetworksState(Lives, [new("10.0.1.2", "alpha", Ms(100), Ms(4900), IsVirtual: true)], [By(ProbeKind.Address, "10.0.1.2", "alpha", 6500)], []) };
        Assert.Equal(Verdict.Violated, new BackendsAnswerForThemselves().Check(evidence).Verdict);
    }

    [Fact]
    public void A_backend_on_a_node_that_could_not_know_is_excused()
    {
        var fault = new FaultEvent(1, "control-path", "", Ms(5500), Ms(7000), Skipped: false, Error: null, ["w2"]);
        var evidence = Seen(By(ProbeKind.Port, "8001", "alpha", 6500)) with { Faults = [fault] };
        Assert.Equal(Verdict.Held, new BackendsAnswerForThemselves().Check(evidence).Verdict);
    }

    [Fact]
    public void Silent_backends_are_unknown() => Assert.Equal(Verdict.Unknown, Backends(Answered("web", 1000, Alpha)).Verdict);

    [Fact]
    public void A_client_that_is_seen_as_itself_holds() => Assert.Equal(Verdict.Held, Clients(By(ProbeKind.Port, "8001", "alpha", 1000)).Verdict);

    [Fact]
    public void A_client_that_is_seen_as_another_is_seen() =>
        Assert.Contains("asked from 10.77.0.1, seen as 10.0.0.2", Assert.Single(Clients(By(ProbeKind.Port, "8001", "alpha", 1000, seen: "10.0.0.2")).Details), StringComparison.Ordinal);

    [Fact]
    public void Clients_that_nobody_saw_are_unknown() => Assert.Equal(Verdict.Unknown, Clients(Answered("web", 1000, Alpha)).Verdict);

    [Fact]
    public void In_the_end_all_must_be_reached()
    {
        Assert.Equal(Verdict.Held, End([]).Verdict);
        Assert.Equal(Verdict.Violated, End(["Port 8001 at w1: refused"]).Verdict);
        Assert.Equal(Verdict.Unknown, End(null).Verdict);
        Assert.Equal(Verdict.Unknown, new EverythingIsReached().Check(new Evidence()).Verdict);

        static Finding End(string[]? missing) => new EverythingIsReached().Check(new Evidence { Networks = new NetworksState([], [], [], missing) });
    }

    private static Finding Names(params Probe[] probes) => new NamesLeadHome().Check(Seen(probes));

    private static Finding Backends(params Probe[] probes) => new BackendsAnswerForThemselves().Check(Seen(probes));

    private static Finding Clients(params Probe[] probes) => new ClientsKeepTheirAddress().Check(Seen(probes));

    private static Evidence Seen(params Probe[] probes) => new() { Networks = new NetworksState(Lives, Sightings, probes, []) };

    private static Probe Answered(string name, int at, params string[] addresses) =>
        new() { Kind = ProbeKind.Name, Node = "w1", Target = name, Invoked = Ms(at), Completed = Ms(at + 10), Addresses = addresses };

    private static Probe By(ProbeKind kind, string target, string token, int at, string seen = "10.77.0.1") => new()
    {
        Kind = kind, Node = "w1", Target = target, Invoked = Ms(at), Completed = Ms(at + 10), Own = "10.77.0.1", Answer = new ProbeAnswer(token, "w2", seen),
    };
}

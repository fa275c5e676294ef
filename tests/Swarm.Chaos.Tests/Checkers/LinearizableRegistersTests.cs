using Microsoft.Extensions.Time.Testing;
using Swarm.Chaos.Checkers;
using Swarm.Chaos.Histories;
using static Swarm.Chaos.Tests.Checkers.Ops;

namespace Swarm.Chaos.Tests.Checkers;

public sealed class LinearizableRegistersTests
{
    [Fact]
    public void One_client_alone_holds() =>
        Assert.Equal(Verdict.Held, Judge(Cas(null, "a", 0, 1), Read("a", 2, 3), Cas("a", "b", 4, 5), Read("b", 6, 7)));

    [Fact]
    public void A_read_beside_a_write_may_see_either() =>
        Assert.Equal(Verdict.Held, Judge(Cas(null, "a", 0, 1), Cas("a", "b", 10, 20), Read("a", 12, 14, client: 2), Read("b", 15, 17, client: 3)));

    [Fact]
    public void A_stale_read_is_seen() =>
        Assert.Equal(Verdict.Violated, Judge(Cas(null, "a", 0, 1), Cas("a", "b", 2, 3), Read("a", 4, 5, client: 2)));

    [Fact]
    public void A_read_that_goes_back_beside_the_write_is_seen() =>
        Assert.Equal(Verdict.Violated, Judge(Cas(null, "a", 0, 1), Cas("a", "b", 10, 40), Read("b", 12, 14, client: 2), Read("a", 15, 17, client: 3)));

    [Fact]
    public void A_lost_write_is_seen() =>
        Assert.Equal(Verdict.Violated, Judge(Cas(null, "a", 0, 1), Cas("a", "b", 2, 3), Cas("a", "c", 4, 5, client: 2), Read("c", 6, 7)));

    [Fact]
    public void Two_winners_of_one_value_are_seen() =>
        Assert.Equal(Verdict.Violated, Judge(Cas(null, "a", 0, 1), Cas("a", "b", 10, 20), Cas("a", "c", 10, 20, client: 2)));

    [Fact]
    public void A_value_that_nobody_wrote_is_seen() =>
        Assert.Equal(Verdict.Violated, Judge(Cas(null, "a", 0, 1), Read("ghost", 2, 3)));

    [Fact]
    public void A_register_that_vanished_is_seen() =>
        Assert.Equal(Verdict.Violated, Judge(Cas(null, "a", 0, 1), Read(null, 2, 3)));

    [Fact]
    public void A_value_read_before_it_was_written_is_seen() =>
        Assert.Equal(Verdict.Violated, Judge(Cas(null, "a", 0, 1), Read("b", 2, 3), Cas("a", "b", 4, 5)));

    [Fact]
    public void A_certain_failure_that_was_done_is_seen() =>
        Assert.Equal(Verdict.Violated, Judge(Cas(null, "a", 0, 1), Cas("a", "b", 2, 3, Outcome.Failed), Read("b", 4, 5)));

    [Fact]
    public void An_unknown_write_may_be_done_late() =>
        Assert.Equal(Verdict.Held, Judge(Cas(null, "a", 0, 1), Cas("a", "b", 2, 3, Outcome.Unknown), Read("a", 4, 5), Read("b", 50, 51)));

    [Fact]
    public void An_unknown_write_may_never_be_done() =>
        Assert.Equal(Verdict.Held, Judge(Cas(null, "a", 0, 1), Cas("a", "b", 2, 3, Outcome.Unknown), Read("a", 4, 5), Cas("a", "c", 6, 7), Read("c", 8, 9)));

    [Fact]
    public void An_unknown_write_is_done_once_at_most() =>
        Assert.Equal(Verdict.Violated, Judge(
            Cas(null, "a", 0, 1), Cas("a", "b", 2, 3, Outcome.Unknown), Read("b", 4, 5), Cas("b", "c", 6, 7), Read("b", 8, 9)));

    [Fact]
    public void An_unknown_write_that_only_another_unknown_write_saw_counts() =>
        Assert.Equal(Verdict.Held, Judge(
            Cas(null, "a", 0, 1), Cas("a", "b", 2, 3, Outcome.Unknown), Cas("b", "c", 4, 5, Outcome.Unknown), Read("c", 6, 7)));

    [Fact]
    public void An_unknown_write_is_not_done_before_its_call() =>
        Assert.Equal(Verdict.Violated, Judge(Cas(null, "a", 0, 1), Read("b", 2, 3), Cas("a", "b", 4, 5, Outcome.Unknown)));

    [Fact]
    public void Registers_do_not_disturb_each_other()
    {
        var finding = Check(Cas(null, "a", 0, 1), Cas(null, "b", 0, 1, key: "y"), Read("a", 2, 3), Read("ghost", 2, 3, key: "y"));
        Assert.Equal(Verdict.Violated, finding.Verdict);
        Assert.StartsWith("y: ", finding.Details[0], StringComparison.Ordinal);
    }

    [Fact]
    public void The_finding_names_the_operation_that_has_no_place()
    {
        var finding = Check(Cas(null, "a", 0, 1), Cas("a", "b", 2, 3), Read("a", 4, 5, client: 7));
        Assert.Contains("client 7 Read x a", finding.Details[0], StringComparison.Ordinal);
        Assert.Contains("holds 'b'", finding.Details[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_judged_is_unknown() => Assert.Equal(Verdict.Unknown, Judge());

    [Fact]
    public void A_search_at_its_bound_of_steps_is_unknown_also_if_it_might_have_held()
    {
        var checker = new LinearizableRegisters(new SearchBound(3, TimeSpan.FromHours(1)), new FakeTimeProvider());
        Assert.Equal(Verdict.Unknown, checker.Check(Of(Cas(null, "a", 0, 1), Read("a", 2, 3), Read("a", 4, 5), Read("a", 6, 7))).Verdict);
    }

    [Fact]
    public void A_search_at_its_bound_of_time_is_unknown()
    {
        var time = new FakeTimeProvider { AutoAdvanceAmount = TimeSpan.FromSeconds(2) };
        var checker = new LinearizableRegisters(new SearchBound(long.MaxValue, TimeSpan.FromSeconds(1)), time);
        Assert.Equal(Verdict.Unknown, checker.Check(Of(Cas(null, "a", 0, 1), Read("a", 2, 3))).Verdict);
    }

    private static Verdict Judge(params Operation[] operations) => Check(operations).Verdict;

    private static Finding Check(params Operation[] operations) =>
        new LinearizableRegisters(SearchBound.Default, TimeProvider.System).Check(Of(operations));
}

using Swarm.Chaos.Checkers;
using Swarm.Chaos.Histories;
using static Swarm.Chaos.Tests.Checkers.Ops;

namespace Swarm.Chaos.Tests.Checkers;

public sealed class NothingLostTests
{
    private static readonly Operation[] TwoCreates = [Create("a", 0, 1), Create("b", 2, 3), Create("maybe", 4, 5, Outcome.Unknown), Create("no", 6, 7, Outcome.Failed)];

    [Fact]
    public void All_there_holds_with_or_without_what_is_unknown()
    {
        Assert.Equal(Verdict.Held, Judge([Final("m1", "a", "b"), Final("m2", "b", "a")], TwoCreates));
        Assert.Equal(Verdict.Held, Judge([Final("m1", "a", "b", "maybe")], TwoCreates));
    }

    [Fact]
    public void One_missing_at_one_manager_is_seen() =>
        Assert.Equal(Verdict.Violated, Judge([Final("m1", "a", "b"), Final("m2", "a")], TwoCreates));

    [Fact]
    public void One_twice_is_seen() => Assert.Equal(Verdict.Violated, Judge([Final("m1", "a", "b", "b")], TwoCreates));

    [Fact]
    public void Another_id_than_the_acknowledged_is_seen() =>
        Assert.Equal(Verdict.Violated, Judge([new FinalList("m1", [Listed("a"), new ListedObject("b", "another")])], TwoCreates));

    [Fact]
    public void A_list_that_lacks_what_was_acknowledged_before_it_is_seen() =>
        Assert.Equal(Verdict.Violated, Judge([Final("m1", "a", "b")], [.. TwoCreates, List(10, 11, "a")]));

    [Fact]
    public void A_list_beside_the_create_may_lack_it() =>
        Assert.Equal(Verdict.Held, Judge([Final("m1", "a", "b")], [.. TwoCreates, List(2, 3, "a")]));

    [Fact]
    public void What_a_list_showed_must_not_vanish_though_nobody_acknowledged_it() =>
        Assert.Equal(Verdict.Violated, Judge([Final("m1", "a", "b", "maybe")], [.. TwoCreates, List(10, 11, "a", "b", "maybe"), List(12, 13, "a", "b")]));

    [Fact]
    public void No_create_or_no_list_is_unknown()
    {
        Assert.Equal(Verdict.Unknown, Judge([Final("m1")]));
        Assert.Equal(Verdict.Unknown, Judge([], TwoCreates));
        Assert.Equal(Verdict.Unknown, new NothingLost(2).Check(new Evidence { Operations = TwoCreates, FinalLists = [Final("m1", "a", "b")] }).Verdict);
    }

    private static Verdict Judge(IReadOnlyList<FinalList> lists, params Operation[] operations) =>
        new NothingLost(Math.Max(1, lists.Count)).Check(new Evidence { Operations = operations, FinalLists = lists }).Verdict;
}

public sealed class NothingInventedTests
{
    private static readonly Operation[] Creates = [Create("a", 0, 1), Create("maybe", 4, 5, Outcome.Unknown), Create("no", 6, 7, Outcome.Failed)];

    [Fact]
    public void What_was_asked_for_holds() => Assert.Equal(Verdict.Held, Judge([Final("m1", "a", "maybe")], [.. Creates, List(8, 9, "a")]));

    [Fact]
    public void A_refused_create_in_the_end_is_seen() => Assert.Equal(Verdict.Violated, Judge([Final("m1", "a", "no")], Creates));

    [Fact]
    public void A_refused_create_on_the_way_is_seen() => Assert.Equal(Verdict.Violated, Judge([Final("m1", "a")], [.. Creates, List(8, 9, "a", "no")]));

    [Fact]
    public void What_nobody_asked_for_is_seen() => Assert.Equal(Verdict.Violated, Judge([Final("m1", "a", "ghost")], Creates));

    [Fact]
    public void What_is_listed_before_it_was_asked_for_is_seen() => Assert.Equal(Verdict.Violated, Judge([Final("m1", "a", "maybe")], [.. Creates, List(2, 3, "a", "maybe")]));

    [Fact]
    public void No_list_is_unknown() => Assert.Equal(Verdict.Unknown, Judge([], Creates));

    private static Verdict Judge(IReadOnlyList<FinalList> lists, params Operation[] operations) =>
        new NothingInvented().Check(new Evidence { Operations = operations, FinalLists = lists }).Verdict;
}

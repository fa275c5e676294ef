using Swarm.Chaos.Checkers;
using static Swarm.Chaos.Tests.Checkers.Ops;

namespace Swarm.Chaos.Tests.Checkers;

public sealed class VersionsGoForwardTests
{
    [Fact]
    public void Forward_holds() => Assert.Equal(Verdict.Held, Judge(Read("a", 0, 1, 5), Read("b", 2, 3, 7), Read("b", 4, 5, 7)));

    [Fact]
    public void Concurrent_reads_may_end_in_any_order() => Assert.Equal(Verdict.Held, Judge(Read("b", 0, 10, 7), Read("a", 1, 20, 5)));

    [Fact]
    public void Backwards_is_seen_across_clients() => Assert.Equal(Verdict.Violated, Judge(Read("b", 0, 1, 7, client: 1), Read("a", 2, 3, 5, client: 2)));

    [Fact]
    public void Another_register_may_be_older() => Assert.Equal(Verdict.Held, Judge(Read("b", 0, 1, 7), Read("a", 2, 3, 5, key: "y")));

    [Fact]
    public void One_version_with_two_values_is_seen() => Assert.Equal(Verdict.Violated, Judge(Read("b", 0, 1, 7), Read("c", 2, 3, 7)));

    [Fact]
    public void Nothing_read_is_unknown() => Assert.Equal(Verdict.Unknown, Judge());

    private static Verdict Judge(params Histories.Operation[] operations) => new VersionsGoForward().Check(Of(operations)).Verdict;
}

public sealed class ReplicasEqualTests
{
    [Fact]
    public void The_same_at_one_index_holds() => Assert.Equal(Verdict.Held, Judge(2, new("m1", 9, "x"), new("m2", 9, "x")));

    [Fact]
    public void Two_stores_at_one_index_are_seen() => Assert.Equal(Verdict.Violated, Judge(2, new("m1", 9, "x"), new("m2", 9, "y")));

    [Fact]
    public void Two_stores_at_an_earlier_index_are_seen() =>
        Assert.Equal(Verdict.Violated, Judge(2, new("m1", 8, "x"), new("m2", 8, "y"), new("m1", 9, "z"), new("m2", 9, "z")));

    [Fact]
    public void Different_indexes_are_unknown() => Assert.Equal(Verdict.Unknown, Judge(2, new("m1", 9, "x"), new("m2", 8, "y")));

    [Fact]
    public void A_manager_that_was_not_seen_is_unknown() => Assert.Equal(Verdict.Unknown, Judge(3, new("m1", 9, "x"), new("m2", 9, "x")));

    [Fact]
    public void Nothing_seen_is_unknown() => Assert.Equal(Verdict.Unknown, Judge(3));

    private static Verdict Judge(int managers, params ReplicaDigest[] replicas) =>
        new ReplicasEqual(managers).Check(new Evidence { Replicas = replicas }).Verdict;
}

public sealed class OneLeaderPerTermTests
{
    [Fact]
    public void A_leader_may_lead_many_terms_and_say_so_often() =>
        Assert.Equal(Verdict.Held, Judge(Claim(1, "a"), Claim(1, "a"), Claim(2, "b"), Claim(3, "a")));

    [Fact]
    public void Two_leaders_of_one_term_are_seen() => Assert.Equal(Verdict.Violated, Judge(Claim(1, "a"), Claim(2, "a"), Claim(2, "b")));

    [Fact]
    public void No_leader_seen_is_unknown() => Assert.Equal(Verdict.Unknown, Judge());

    private static Verdict Judge(params LeaderClaim[] claims) => new OneLeaderPerTerm().Check(new Evidence { LeaderClaims = claims }).Verdict;
}

public sealed class TasksAsWantedTests
{
    private static readonly WantedService Web = new("web", "s1", 2);
    private static readonly SeenTask One = new("t1", "s1", 1, "n1");
    private static readonly SeenTask Two = new("t2", "s1", 2, "n2");
    private static readonly SeenContainer InOne = new("w1", "web", "t1");
    private static readonly SeenContainer InTwo = new("w2", "web", "t2");

    [Fact]
    public void Each_slot_in_one_container_holds() => Assert.Equal(Verdict.Held, Judge([One, Two], [InOne, InTwo]));

    [Fact]
    public void Too_few_tasks_are_seen() => Assert.Equal(Verdict.Violated, Judge([One], [InOne]));

    [Fact]
    public void Too_many_tasks_are_seen() =>
        Assert.Equal(Verdict.Violated, Judge([One, Two, new("t3", "s1", 3, "n1")], [InOne, InTwo, new("w1", "web", "t3")]));

    [Fact]
    public void A_slot_that_runs_twice_is_seen() =>
        Assert.Equal(Verdict.Violated, Judge([One, new("t2", "s1", 1, "n2")], [InOne, InTwo]));

    [Fact]
    public void A_task_without_a_container_is_seen() => Assert.Equal(Verdict.Violated, Judge([One, Two], [InOne]));

    [Fact]
    public void A_task_with_two_containers_is_seen() => Assert.Equal(Verdict.Violated, Judge([One, Two], [InOne, InTwo, new("w3", "web", "t2")]));

    [Fact]
    public void A_container_without_a_task_is_seen() => Assert.Equal(Verdict.Violated, Judge([One, Two], [InOne, InTwo, new("w3", "web", "t9")]));

    [Fact]
    public void A_task_of_a_removed_service_is_seen() =>
        Assert.Equal(Verdict.Violated, Judge([One, Two, new("t7", "s0", 1, "n1")], [InOne, InTwo]));

    [Fact]
    public void A_container_of_a_removed_service_is_seen()
    {
        var finding = Check([One, Two], [InOne, InTwo, new("w1", "old", "t7")]);
        Assert.Equal(Verdict.Violated, finding.Verdict);
        Assert.Contains("old, which was removed", finding.Details[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Not_asked_is_unknown() => Assert.Equal(Verdict.Unknown, new TasksAsWanted().Check(new Evidence()).Verdict);

    private static Verdict Judge(SeenTask[] tasks, SeenContainer[] containers) => Check(tasks, containers).Verdict;

    private static Finding Check(SeenTask[] tasks, SeenContainer[] containers) =>
        new TasksAsWanted().Check(new Evidence { Services = new ServicesState([Web], tasks, containers, ["old"]) });
}

using Swarm.Chaos.Checkers;
using Swarm.Chaos.Running;

namespace Swarm.Chaos.Tests.Running;

public sealed class FaultsHappenedTests
{
    private static readonly FaultEvent Done = new(1, "kill", "m1 without power", default, default, Skipped: false, Error: null);

    [Fact]
    public void One_that_happened_is_enough() => Assert.Equal(Verdict.Held, FaultsHappened.Check([Done, Done with { Skipped = true }]).Verdict);

    [Fact]
    public void A_run_in_which_nothing_happened_proves_nothing() =>
        Assert.Equal(Verdict.Unknown, FaultsHappened.Check([Done with { Skipped = true }, Done with { Error = "the machine is full" }]).Verdict);

    [Fact]
    public void A_run_without_faults_proves_nothing() => Assert.Equal(Verdict.Unknown, FaultsHappened.Check([]).Verdict);
}

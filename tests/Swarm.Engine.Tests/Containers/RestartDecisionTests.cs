using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Tests.Containers;

public sealed class RestartDecisionTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("no", 1, false)]
    [InlineData("on-failure", 0, false)]
    [InlineData("on-failure", 1, true)]
    [InlineData("always", 0, true)]
    [InlineData("unless-stopped", 0, true)]
    public void The_policy_decides(string policy, int exitCode, bool restarts) =>
        Assert.Equal(restarts, RestartDecision.DelayOf(new RestartPolicy { Name = policy }, Ended(exitCode), TimeSpan.Zero) is not null);

    [Theory]
    [InlineData("always")]
    [InlineData("unless-stopped")]
    public void A_container_that_a_user_stopped_stays_stopped(string policy) =>
        Assert.Null(RestartDecision.DelayOf(new RestartPolicy { Name = policy }, Ended(137) with { StoppedByUser = true }, TimeSpan.Zero));

    [Fact]
    public void On_failure_gives_up_after_its_number_of_restarts() =>
        Assert.Null(RestartDecision.DelayOf(new RestartPolicy { Name = "on-failure", MaximumRetryCount = 3 }, Ended(1) with { RestartCount = 3 }, TimeSpan.Zero));

    [Fact]
    public void The_wait_doubles_up_to_a_minute_and_starts_over_after_a_stable_run()
    {
        var always = new RestartPolicy { Name = "always" };
        List<double> waits = [];
        for (var last = TimeSpan.Zero; waits.Count < 12; waits.Add(last.TotalSeconds))
        {
            last = RestartDecision.DelayOf(always, Ended(1) with { RestartCount = waits.Count }, last)!.Value;
        }

        Assert.Equal([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 60, 60], waits);
        Assert.Equal(TimeSpan.FromMilliseconds(100), RestartDecision.DelayOf(always, Ended(1) with { RestartCount = 500, FinishedAt = Start.AddSeconds(11) }, TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public void After_a_restart_of_the_daemon_unless_stopped_minds_the_user_and_always_does_not()
    {
        var stopped = Ended(0) with { StoppedByUser = true };
        Assert.False(RestartDecision.WantedAtStart(new RestartPolicy { Name = "unless-stopped" }, stopped));
        Assert.True(RestartDecision.WantedAtStart(new RestartPolicy { Name = "always" }, stopped));
    }

    /// <summary>Such a container ended while no daemon ran: one that the daemon saw end waits for its restart, and is not ended.</summary>
    [Theory]
    [InlineData(1, 0, false, true)]
    [InlineData(0, 0, false, false)]
    [InlineData(1, 3, false, false)]
    [InlineData(1, 0, true, false)]
    public void After_a_restart_of_the_daemon_a_failure_is_made_good_as_often_as_was_allowed(int exitCode, int restarts, bool stopped, bool wanted) =>
        Assert.Equal(wanted, RestartDecision.WantedAtStart(
            new RestartPolicy { Name = "on-failure", MaximumRetryCount = 3 }, Ended(exitCode) with { RestartCount = restarts, StoppedByUser = stopped }));

    private static ContainerState Ended(int exitCode) =>
        new() { Status = ContainerStatus.Exited, ExitCode = exitCode, StartedAt = Start, FinishedAt = Start.AddSeconds(1) };
}

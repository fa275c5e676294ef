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
        Assert.Equal(restarts, RestartDecision.DelayOf(new RestartPolicy { Name = policy }, Ended(exitCode)) is not null);

    [Theory]
    [InlineData("always")]
    [InlineData("unless-stopped")]
    public void A_container_that_a_user_stopped_stays_stopped(string policy) =>
        Assert.Null(RestartDecision.DelayOf(new RestartPolicy { Name = policy }, Ended(137) with { StoppedByUser = true }));

    [Fact]
    public void On_failure_gives_up_after_its_number_of_restarts() =>
        Assert.Null(RestartDecision.DelayOf(new RestartPolicy { Name = "on-failure", MaximumRetryCount = 3 }, Ended(1) with { RestartCount = 3 }));

    [Fact]
    public void The_wait_doubles_up_to_a_minute_and_starts_over_after_a_stable_run()
    {
        var always = new RestartPolicy { Name = "always" };
        Assert.Equal(TimeSpan.FromMilliseconds(100), RestartDecision.DelayOf(always, Ended(1)));
        Assert.Equal(TimeSpan.FromMilliseconds(800), RestartDecision.DelayOf(always, Ended(1) with { RestartCount = 3 }));
        Assert.Equal(TimeSpan.FromMinutes(1), RestartDecision.DelayOf(always, Ended(1) with { RestartCount = 500 }));
        Assert.Equal(TimeSpan.FromMilliseconds(100), RestartDecision.DelayOf(always, Ended(1) with { RestartCount = 500, FinishedAt = Start.AddSeconds(11) }));
    }

    [Fact]
    public void After_a_restart_of_the_daemon_unless_stopped_minds_the_user_and_always_does_not()
    {
        var stopped = Ended(0) with { StoppedByUser = true };
        Assert.False(RestartDecision.WantedAtStart(new RestartPolicy { Name = "unless-stopped" }, stopped));
        Assert.True(RestartDecision.WantedAtStart(new RestartPolicy { Name = "always" }, stopped));
    }

    private static ContainerState Ended(int exitCode) =>
        new() { Status = ContainerStatus.Exited, ExitCode = exitCode, StartedAt = Start, FinishedAt = Start.AddSeconds(1) };
}

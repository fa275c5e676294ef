using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Health;

namespace Swarm.Engine.Tests.Health;

public sealed class HealthStateTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch;

    [Fact]
    public void So_many_failures_in_a_row_make_it_unhealthy_and_one_success_healthy()
    {
        var state = new HealthState().After(Probe(1), retries: 2, forgiving: false);
        Assert.Equal((HealthState.Starting, 1), (state.Status, state.FailingStreak));
        state = state.After(Probe(1), 2, false);
        Assert.Equal((HealthState.Unhealthy, 2), (state.Status, state.FailingStreak));
        state = state.After(Probe(0), 2, false);
        Assert.Equal((HealthState.Healthy, 0), (state.Status, state.FailingStreak));
    }

    [Fact]
    public void Failures_of_the_start_period_do_not_count_until_it_was_healthy_once()
    {
        var state = new HealthState().After(Probe(1), 1, forgiving: true);
        Assert.Equal((HealthState.Starting, 0), (state.Status, state.FailingStreak));
        state = state.After(Probe(0), 1, true).After(Probe(1), 1, true);
        Assert.Equal(HealthState.Unhealthy, state.Status);
    }

    [Fact]
    public void The_last_five_probes_are_remembered()
    {
        var state = Enumerable.Range(0, 9).Aggregate(new HealthState(), (s, i) => s.After(Probe(i), 3, false));
        Assert.Equal([4, 5, 6, 7, 8], state.Log.Select(p => p.ExitCode));
    }

    [Fact]
    public void Probes_come_sooner_in_the_start_period_and_right_at_its_end()
    {
        var plan = HealthPlan.Of(new ContainerConfig { Healthcheck = new HealthConfig { Test = ["CMD", "x"], StartPeriod = Seconds(20), StartInterval = Seconds(2), Interval = Seconds(60) } })!;
        Assert.Equal(TimeSpan.FromSeconds(2), plan.Next(TimeSpan.Zero, HealthState.Starting));
        Assert.Equal(TimeSpan.FromSeconds(1), plan.Next(TimeSpan.FromSeconds(19), HealthState.Starting));
        Assert.Equal(TimeSpan.FromSeconds(60), plan.Next(TimeSpan.FromSeconds(20), HealthState.Starting));
        Assert.Equal(3, plan.Retries);
        Assert.Null(HealthPlan.Of(new ContainerConfig { Healthcheck = new HealthConfig { Test = ["NONE"] } }));
    }

    private static HealthProbe Probe(int exitCode) => new(Now, Now, exitCode, "");

    private static long Seconds(int seconds) => seconds * 1_000_000_000L;
}

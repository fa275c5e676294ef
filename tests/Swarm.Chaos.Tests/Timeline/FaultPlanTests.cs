using Swarm.Chaos.Scenarios;
using Swarm.Chaos.Tests.Scenarios;
using Swarm.Chaos.Timeline;

namespace Swarm.Chaos.Tests.Timeline;

public sealed class FaultPlanTests
{
    private const string Kill = "  - { kind: kill, target: leader, every: 500ms..2s, for: 200ms..3s, from: 1s, until: 8s, chance: 0.7 }\n";
    private const string Pause = "  - { kind: pause, every: 1s, for: 300ms }\n";

    [Fact]
    public void The_same_seed_means_the_same_timeline() => Assert.Equal(Draw(7, Kill, Pause), Draw(7, Kill, Pause));

    [Fact]
    public void Another_seed_means_another() => Assert.NotEqual(Draw(7, Kill), Draw(8, Kill));

    [Fact]
    public void A_seed_means_the_same_for_ever() =>
        Assert.Equal(
            ["  1.   1.00 s  pause for 0.30 s", "  2.   2.30 s  pause for 0.30 s"],
            Draw(7, Kill, Pause).Take(2).Select(f => f.ToString()));

    [Fact]
    public void A_source_that_is_added_moves_no_other() =>
        Assert.Equal(Draw(7, Kill).Select(f => (f.At, f.For, f.Seed)), Draw(7, Kill, Pause).Where(f => f.Spec.Kind == "kill").Select(f => (f.At, f.For, f.Seed)));

    [Fact]
    public void Faults_stay_in_their_window_and_end_with_the_scenario()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            Assert.All(Draw(seed, Kill), f =>
            {
                Assert.InRange(f.At, TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(8));
                Assert.InRange(f.End, f.At, TimeSpan.FromSeconds(9));
            });
        }
    }

    [Fact]
    public void Faults_of_one_source_follow_each_other()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var plan = Draw(seed, Kill);
            Assert.All(plan.Zip(plan.Skip(1)), pair => Assert.True(pair.Second.At >= pair.First.End));
        }
    }

    [Fact]
    public void A_chance_of_nought_means_none() => Assert.Empty(Draw(1, Kill.Replace("0.7", "0", StringComparison.Ordinal)));

    [Fact]
    public void Too_many_are_refused() =>
        Assert.Throws<ScenarioException>(() => Draw(1, "  - { kind: restart, every: 1ms }\n"));

    private static IReadOnlyList<PlannedFault> Draw(long seed, params string[] faults) => FaultPlan.Draw(
        ScenarioReaderTests.Read(
            "name: storm\nstory: s\ncluster: { managers: 3 }\nduration: 9s\nworkloads:\n  - { kind: set, clients: 1 }\nfaults:\n" + string.Concat(faults)),
        seed);
}

using Swarm.Chaos.Scenarios;

namespace Swarm.Chaos.Tests.Scenarios;

public sealed class ScenarioReaderTests
{
    private const string Good = """
        name: storm
        story: All at once.
        cluster: { managers: 3, workers: 2, disk: 64MiB }
        duration: 9.5s
        workloads:
          - { kind: register, clients: 4, objects: 3 }
          - { kind: services, clients: 1, objects: 2, replicas: 5 }
        faults:
          - { kind: kill, target: leader, every: 500ms..2s, for: 1s, from: 1s, until: 8s, chance: 0.5 }
        """;

    public static TheoryData<string> Files => [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "scenarios"), "*.yaml").Select(f => Path.GetFileName(f))];

    [Fact]
    public void A_good_file_is_read_whole()
    {
        var scenario = Read(Good);
        Assert.Equal(new ClusterShape(3, 2, 64 << 20), scenario.Cluster);
        Assert.Equal(TimeSpan.FromSeconds(9.5), scenario.Duration);
        Assert.Equal([new WorkloadSpec(WorkloadKind.Register, 4, 3, 0), new WorkloadSpec(WorkloadKind.Services, 1, 2, 5)], scenario.Workloads);
        Assert.Equal(
            new FaultSpec
            {
                Kind = "kill", Target = "leader", Every = new Span(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(2)),
                For = new Span(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)), From = TimeSpan.FromSeconds(1), Until = TimeSpan.FromSeconds(8), Chance = 0.5,
            },
            Assert.Single(scenario.Faults));
    }

    [Theory]
    [InlineData("story: All at once.", "story: All at once.\nstroy: x", "storm.yaml:3: unknown key 'stroy': here are name, cluster, duration")]
    [InlineData("managers: 3", "managers: 3, mangers: 5", "storm.yaml:3: unknown key 'mangers'")]
    [InlineData("chance: 0.5", "chances: 0.5", "storm.yaml:9: unknown key 'chances'")]
    [InlineData("objects: 3", "objects: 3, replicas: 3", "storm.yaml:6: unknown key 'replicas'")]
    [InlineData("story: All at once.\n", "", "storm.yaml:1: 'story' is missing")]
    [InlineData("managers: 3", "managers: none", "storm.yaml:3: 'managers' must be a number from 1 to 9, not 'none'")]
    [InlineData("managers: 3", "managers: 0", "storm.yaml:3: 'managers' must be a number from 1 to 9, not '0'")]
    [InlineData("64MiB", "64", "storm.yaml:3: 'disk' must be a size such as 64MiB, not '64'")]
    [InlineData("9.5s", "9.5", "storm.yaml:4: 'duration' must be a duration such as 1.5s or 200ms, not '9.5'")]
    [InlineData("500ms..2s", "2s..1s", "storm.yaml:9: 'every' must be a duration or two")]
    [InlineData("chance: 0.5", "chance: 1.5", "storm.yaml:9: 'chance' must be a number from 0 to 1")]
    [InlineData("kind: kill", "kind: hurt", "storm.yaml:9: there is no fault 'hurt': there are kill, ")]
    [InlineData("target: leader", "target: king", "storm.yaml:9: 'kill' has no target 'king': it has manager, leader")]
    [InlineData("kind: register", "kind: queue", "storm.yaml:6: 'kind' must be register, set, services, networks, not 'queue'")]
    [InlineData("name: storm", "name: calm", "storm.yaml:1: the file's name says otherwise")]
    [InlineData("500ms..2s, for: 1s", "0s, for: 0s", "storm.yaml:9: faults without any time between them never end")]
    [InlineData("name: storm", "name: storm\nname: storm", "storm.yaml:2: ")]
    [InlineData("cluster: {", "cluster: [", "storm.yaml:3: ")]
    public void What_is_wrong_is_said_with_its_line(string good, string bad, string said)
    {
        Assert.Contains(good, Good, StringComparison.Ordinal);
        var refusal = Assert.Throws<ScenarioException>(() => Read(Good.Replace(good, bad, StringComparison.Ordinal)));
        Assert.StartsWith(said, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Faults_of_disks_need_disks() =>
        Assert.Contains(
            "storm.yaml:9: 'power-cut' needs nodes with disks of their own",
            Assert.Throws<ScenarioException>(() => Read(Good.Replace("kind: kill, target: leader", "kind: power-cut", StringComparison.Ordinal).Replace(", disk: 64MiB", "", StringComparison.Ordinal))).Message,
            StringComparison.Ordinal);

    [Fact]
    public void A_file_that_is_not_there_is_said() =>
        Assert.Contains("cannot be read", Assert.Throws<ScenarioException>(() => ScenarioReader.Load("/nowhere/storm.yaml")).Message, StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_scenario_of_this_repository_can_be_read_and_drawn(string file)
    {
        var scenario = ScenarioReader.Load(Path.Combine(AppContext.BaseDirectory, "scenarios", file));
        for (var seed = 1; seed <= 30; seed++)
        {
            Assert.NotEmpty(Swarm.Chaos.Timeline.FaultPlan.Draw(scenario, seed));
        }
    }

    internal static Scenario Read(string text) => ScenarioReader.Read("storm.yaml", new StringReader(text));
}

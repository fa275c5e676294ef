using System.Text.Json.Serialization;
using Swarm.Chaos.Checkers;
using Swarm.Chaos.Histories;
using Swarm.Chaos.Running;

namespace Swarm.Chaos.Reports;

/// <summary>Everything that is told of one run. Times count from the run's start.</summary>
public sealed record RunReport
{
    public required string Scenario { get; init; }
    public required string Story { get; init; }
    public required long Seed { get; init; }

    /// <summary>Runs it again.</summary>
    public required string Command { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public required TimeSpan FaultsFrom { get; init; }
    public required TimeSpan FaultsTo { get; init; }
    public required TimeSpan WholeAt { get; init; }
    public required TimeSpan End { get; init; }
    public required IReadOnlyList<Finding> Findings { get; init; }
    public required IReadOnlyList<FaultEvent> Faults { get; init; }
    public required IReadOnlyList<LeaderClaim> Leaders { get; init; }
    public required CallFigures Writes { get; init; }
    public required CallFigures Reads { get; init; }
    public required TimeSpan LongestWriteGap { get; init; }

    /// <summary>In a file of its own beside the report.</summary>
    [JsonIgnore] public IReadOnlyList<Operation> Operations { get; init; } = [];

    /// <summary>The worst of the findings.</summary>
    public Verdict Verdict => Findings.Max(f => f.Verdict);
}

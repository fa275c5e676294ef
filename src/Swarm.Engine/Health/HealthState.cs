using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Swarm.Engine.Health;

/// <summary>State.Health of the Engine API.</summary>
public sealed record HealthState
{
    public const string Starting = "starting", Healthy = "healthy", Unhealthy = "unhealthy";

    /// <summary>Probes that are remembered.</summary>
    public const int MaximumLog = 5;

    public string Status { get; set; } = Starting;

    /// <summary>Failures in a row.</summary>
    public int FailingStreak { get; set; }

    /// <summary>Oldest first.</summary>
    public ImmutableArray<HealthProbe> Log { get; set; } = [];

    /// <summary>The state after one more probe.</summary>
    /// <param name="forgiving">The container is within its start period: a failure does not count while it was never healthy.</param>
    public HealthState After(HealthProbe probe, int retries, bool forgiving)
    {
        ImmutableArray<HealthProbe> log = [.. Log.TakeLast(MaximumLog - 1), probe];
        if (probe.ExitCode == 0)
        {
            return new HealthState { Status = Healthy, Log = log };
        }

        if (Status == Starting && forgiving)
        {
            return this with { Log = log };
        }

        return new HealthState { Status = FailingStreak + 1 >= retries ? Unhealthy : Status, FailingStreak = FailingStreak + 1, Log = log };
    }
}

/// <summary>One probe.</summary>
/// <param name="ExitCode">0: healthy; -1: it could not be run, or took too long.</param>
/// <param name="Output">At most 4096 bytes of it.</param>
public sealed record HealthProbe(
    [property: JsonPropertyName("Start"), JsonConverter(typeof(GoTime))] DateTimeOffset Start,
    [property: JsonPropertyName("End"), JsonConverter(typeof(GoTime))] DateTimeOffset End,
    int ExitCode,
    string Output);

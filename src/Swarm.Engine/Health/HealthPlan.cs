using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Health;

/// <summary>A container's healthcheck with Docker's defaults in place of what was left out.</summary>
internal sealed record HealthPlan(
    IReadOnlyList<string> Command, TimeSpan Interval, TimeSpan Timeout, TimeSpan StartPeriod, TimeSpan StartInterval, int Retries)
{
    private static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(30), DefaultTimeout = TimeSpan.FromSeconds(30), DefaultStartInterval = TimeSpan.FromSeconds(5);
    private const int DefaultRetries = 3;
    private const long MinimumNanoseconds = 1_000_000;

    /// <summary>Null: there is nothing to check.</summary>
    public static HealthPlan? Of(ContainerConfig config)
    {
        var check = config.Healthcheck;
        IReadOnlyList<string>? command = check?.Test switch
        {
            ["CMD", _, ..] => [.. check.Test.Skip(1)],
            ["CMD-SHELL", _, ..] => [.. config.Shell is { Count: > 0 } shell ? shell : ["/bin/sh", "-c"], .. check.Test.Skip(1)],
            _ => null,
        };
        return command is null ? null : new HealthPlan(
            command,
            Duration(check!.Interval, DefaultInterval),
            Duration(check.Timeout, DefaultTimeout),
            Duration(check.StartPeriod, TimeSpan.Zero),
            Duration(check.StartInterval, DefaultStartInterval),
            check.Retries is > 0 ? check.Retries.Value : DefaultRetries);
    }

    /// <exception cref="EngineException">400 with Docker's words.</exception>
    public static void Check(HealthConfig? check)
    {
        foreach (var (name, value) in new[]
        {
            ("Interval", check?.Interval), ("Timeout", check?.Timeout), ("StartPeriod", check?.StartPeriod), ("StartInterval", check?.StartInterval),
        })
        {
            if (value is not (null or 0 or >= MinimumNanoseconds))
            {
                throw EngineException.BadRequest($"{name} in Healthcheck cannot be less than 1ms");
            }
        }

        if (check?.Retries < 0)
        {
            throw EngineException.BadRequest("Retries in Healthcheck cannot be negative");
        }
    }

    /// <summary>The wait before the next probe, so that one comes as soon as the start period is over.</summary>
    public TimeSpan Next(TimeSpan sinceStart, string status)
    {
        var left = StartPeriod - sinceStart;
        return left <= TimeSpan.Zero ? Interval
            : left < Interval && left < StartInterval ? left
            : status == HealthState.Starting ? (StartInterval < left ? StartInterval : left)
            : left < Interval ? left : Interval;
    }

    private static TimeSpan Duration(long? nanoseconds, TimeSpan fallback) =>
        nanoseconds is null or 0 ? fallback : TimeSpan.FromTicks(nanoseconds.Value / TimeSpan.NanosecondsPerTick);
}

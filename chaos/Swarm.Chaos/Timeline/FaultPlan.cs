using System.Globalization;
using Swarm.Chaos.Scenarios;

namespace Swarm.Chaos.Timeline;

/// <summary>Draws what will happen when, from the scenario and the seed alone: the same two, the same timeline, on every machine.</summary>
public static class FaultPlan
{
    /// <summary>Longer timelines are a scenario's mistake.</summary>
    public const int MaxFaults = 1000;

    /// <exception cref="ScenarioException">More than <see cref="MaxFaults"/>.</exception>
    public static IReadOnlyList<PlannedFault> Draw(Scenario scenario, long seed)
    {
        var drawn = new List<(FaultSpec Spec, TimeSpan At, TimeSpan For, long Seed)>();
        for (var source = 0; source < scenario.Faults.Count; source++)
        {
            // Dice of its own: a source that is added or changed moves no other.
            var dice = Dice.For(seed, "fault " + source.ToString(CultureInfo.InvariantCulture));
            var spec = scenario.Faults[source];
            var until = spec.Until is { } limit && limit < scenario.Duration ? limit : scenario.Duration;
            for (var at = spec.From + dice.Between(spec.Every.Low, spec.Every.High); at < until;)
            {
                var length = dice.Between(spec.For.Low, spec.For.High);
                var own = (long)dice.Next(int.MaxValue);
                if (dice.Chance(spec.Chance))
                {
                    // What the end of the scenario would cut short is cut here, so that the timeline says what happens.
                    drawn.Add((spec, at, at + length > scenario.Duration ? scenario.Duration - at : length, own));
                }

                if (drawn.Count > MaxFaults)
                {
                    throw new ScenarioException($"{scenario.Name} has more than {MaxFaults} faults: let them be farther apart");
                }

                at += length + dice.Between(spec.Every.Low, spec.Every.High);
            }
        }

        return [.. drawn.OrderBy(f => f.At).Select((f, i) => new PlannedFault(i + 1, f.Spec, f.At, f.For, f.Seed))];
    }
}

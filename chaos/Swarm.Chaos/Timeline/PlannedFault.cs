using Swarm.Chaos.Scenarios;

namespace Swarm.Chaos.Timeline;

/// <summary>A fault that will happen, as the seed says; whom it meets is decided when it does.</summary>
/// <param name="Number">In the order of time, from 1.</param>
/// <param name="At">Since the faults began.</param>
/// <param name="Seed">Of what it leaves to chance.</param>
public sealed record PlannedFault(int Number, FaultSpec Spec, TimeSpan At, TimeSpan For, long Seed)
{
    public TimeSpan End => At + For;

    public override string ToString() =>
        $"{Number,3}. {At.TotalSeconds,6:0.00} s  {Spec.Kind}{(Spec.Target is null ? "" : " " + Spec.Target)}"
        + (For > TimeSpan.Zero ? $" for {For.TotalSeconds:0.00} s" : "")
        + (Spec.Ratio > 0 ? $", {Spec.Ratio:0%}" : "");
}

namespace Swarm.Chaos.Running;

/// <summary>A fault as it really went.</summary>
/// <param name="Number">Of the planned fault.</param>
/// <param name="What">What was done, or why not.</param>
/// <param name="Start">Since the run's start.</param>
/// <param name="End">When it was undone.</param>
/// <param name="OutOfTouch">Nodes that meanwhile may have heard nothing of what managers decide, or late; null: all.</param>
/// <param name="Error">What failed while it was done or undone; the mending at the end has to cope.</param>
public sealed record FaultEvent(int Number, string Kind, string What, TimeSpan Start, TimeSpan End, bool Skipped, string? Error, IReadOnlyList<string>? OutOfTouch = null);

namespace Swarm.Chaos.Checkers;

/// <summary>Where a search gives up and answers that it does not know.</summary>
/// <param name="Steps">Attempts to place an operation; each place that the search remembers costs some hundred bytes.</param>
public sealed record SearchBound(long Steps, TimeSpan Time)
{
    public static readonly SearchBound Default = new(2_000_000, TimeSpan.FromSeconds(20));
}

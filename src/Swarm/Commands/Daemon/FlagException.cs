namespace Swarm.Commands;

/// <summary>The daemon's command line or configuration is wrong: one line for the user.</summary>
/// <param name="pointsToHelp">The line is about the command line itself.</param>
internal sealed class FlagException(string message, bool pointsToHelp = false) : Exception(message)
{
    public bool PointsToHelp { get; } = pointsToHelp;
}

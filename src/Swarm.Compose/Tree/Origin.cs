namespace Swarm.Compose.Tree;

/// <summary>Where a value stands, for messages.</summary>
/// <param name="File">As the user named it.</param>
/// <param name="Line">From 1.</param>
public sealed record Origin(string File, long Line)
{
    public override string ToString() => $"{File}:{Line}";
}

namespace Swarm.Api.Daemon;

/// <summary>The drivers that this program has without plugins: what <c>info</c> shows and what a node says of itself to its managers.</summary>
public static class BuiltInDrivers
{
    public static IReadOnlyList<string> Volume { get; } = ["local"];

    public static IReadOnlyList<string> Network { get; } = ["bridge", "host", "macvlan", "null", "overlay"];

    public static IReadOnlyList<string> Log { get; } = ["json-file", "local"];
}

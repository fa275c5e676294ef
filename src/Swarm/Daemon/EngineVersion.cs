using System.Reflection;

namespace Swarm.Daemon;

internal static class EngineVersion
{
    /// <summary>As `docker version` prints it.</summary>
    internal static string Text { get; } = typeof(EngineVersion).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
}

namespace Swarm.Compose.Loading;

/// <summary>Relative paths in compose files are relative to their project's folder; `~` is the user's home.</summary>
internal static class ComposePaths
{
    internal static string Absolute(string folder, string path) => path is "~" || path.StartsWith("~/", StringComparison.Ordinal)
        ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), path[1..].TrimStart('/'))
        : Path.GetFullPath(path, folder);

    /// <summary>Whether a short volume's source is a path, not the name of a volume.</summary>
    internal static bool IsPath(string source) => source.StartsWith('.') || source.StartsWith('/') || source.StartsWith('~');
}

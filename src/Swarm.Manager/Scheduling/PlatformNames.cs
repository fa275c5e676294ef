namespace Swarm.Manager.Scheduling;

/// <summary>uname and Go name the same processors differently; images use Go's names.</summary>
internal static class PlatformNames
{
    internal static string Architecture(string name) => name.ToLowerInvariant() switch
    {
        "x86_64" or "x86-64" => "amd64",
        "aarch64" => "arm64",
        "armhf" or "armel" => "arm",
        "i386" or "i686" => "386",
        var other => other,
    };
}

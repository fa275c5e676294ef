namespace Swarm.Engine.Images;

/// <summary>A platform as clients write it: linux/amd64, arm64, linux/arm/v7.</summary>
public sealed record ImagePlatform(string Os, string Architecture, string Variant)
{
    private static readonly HashSet<string> Systems = ["linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "plan9", "solaris"];

    private static readonly Dictionary<string, (string, string)> Architectures = new()
    {
        ["amd64"] = ("amd64", ""), ["x86_64"] = ("amd64", ""), ["x86-64"] = ("amd64", ""), ["386"] = ("386", ""), ["i386"] = ("386", ""),
        ["arm64"] = ("arm64", ""), ["aarch64"] = ("arm64", ""), ["arm"] = ("arm", "v7"), ["armhf"] = ("arm", "v7"), ["armel"] = ("arm", "v6"),
        ["ppc64le"] = ("ppc64le", ""), ["s390x"] = ("s390x", ""), ["riscv64"] = ("riscv64", ""), ["mips64le"] = ("mips64le", ""),
        ["loong64"] = ("loong64", ""),
    };

    public static ImagePlatform Own { get; } = new(ImagePull.Os, ImagePull.Architecture, "");

    /// <summary>Whether this machine runs it.</summary>
    public bool IsOwn => Os == Own.Os && Architecture == Own.Architecture;

    /// <exception cref="EngineException">400: not a platform.</exception>
    public static ImagePlatform Parse(string text)
    {
        var parts = text.ToLowerInvariant().Split('/');
        if (parts[0].Length == 0 || parts[0].Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-')))
        {
            throw EngineException.BadRequest($"\"{parts[0]}\" is an invalid OS component of \"{text}\": OSAndVersion specifier component must match \"^([A-Za-z0-9_-]+)(?:\\(([A-Za-z0-9_.-]*)\\))?$\": invalid argument");
        }

        parts[0] = parts[0] == "macos" ? "darwin" : parts[0]; // as containerd reads it
        if (parts is [var single])
        {
            return Systems.Contains(single) ? Own with { Os = single }
                : Architectures.TryGetValue(single, out var known) ? new ImagePlatform(ImagePull.Os, known.Item1, known.Item2)
                : throw EngineException.BadRequest($"\"{text}\": unknown operating system or architecture: invalid argument");
        }

        if (parts.Length > 3 || parts.Any(part => part.Length == 0 || part.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '.' or '-'))))
        {
            throw EngineException.BadRequest($"\"{text}\" is an invalid OS/architecture pair: invalid platform: invalid argument");
        }

        var (architecture, variant) = Architectures.GetValueOrDefault(parts[1], (parts[1], ""));
        return new ImagePlatform(parts[0], architecture, parts.ElementAtOrDefault(2) ?? variant);
    }

    public override string ToString() => Variant.Length > 0 ? $"{Os}/{Architecture}/{Variant}" : $"{Os}/{Architecture}";
}

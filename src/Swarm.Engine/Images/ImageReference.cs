using System.Text.RegularExpressions;
using Swarm.Registry;

namespace Swarm.Engine.Images;

/// <summary>
/// A name of an image as Docker normalises it: `busybox` is docker.io/library/busybox:latest. Grammar: the OCI distribution specification's
/// names and tags, with Docker's host in front.
/// </summary>
public sealed partial record ImageReference
{
    private const string OfficialPrefix = "library/";
    private const int MaxNameLength = 255;

    private ImageReference(string host, string path, string? tag, Digest? digest) => (Host, Path, Tag, Digest) = (host, path, tag, digest);

    /// <summary>docker.io, or host[:port].</summary>
    public string Host { get; }

    /// <summary>Repository in the registry: library/busybox.</summary>
    public string Path { get; }
    public string? Tag { get; }
    public Digest? Digest { get; }

    /// <summary>Whether it names one manifest for ever, rather than what a tag means today.</summary>
    public bool HasDigest => Digest is not null;

    /// <summary>docker.io/library/busybox.</summary>
    public string Name => $"{Host}/{Path}";

    /// <summary>As users see it: busybox.</summary>
    public string FamiliarName => Host != RegistryClient.DockerHub ? Name
        : Path.StartsWith(OfficialPrefix, StringComparison.Ordinal) && Path.IndexOf('/', OfficialPrefix.Length) < 0 ? Path[OfficialPrefix.Length..]
        : Path;

    /// <summary>busybox:1, busybox@sha256:..., or both.</summary>
    public string Familiar => FamiliarName + Suffix;

    /// <summary>docker.io/library/busybox:1.</summary>
    public string Canonical => Name + Suffix;

    private string Suffix => (Tag is null ? "" : ":" + Tag) + (Digest is { } digest ? "@" + digest : "");

    /// <exception cref="EngineException">400, with Docker's text.</exception>
    public static ImageReference Parse(string text) =>
        TryParse(text, out var refusal) ?? throw EngineException.BadRequest(refusal);

    /// <summary>Null with the reason if it is not a reference.</summary>
    public static ImageReference? TryParse(string text, out string refusal)
    {
        refusal = "invalid reference format";
        var rest = text;
        Digest? digest = null;
        if (rest.IndexOf('@') is >= 0 and var at)
        {
            if (!Swarm.Registry.Digest.TryParse(rest[(at + 1)..], out var parsed))
            {
                return null;
            }

            (digest, rest) = (parsed, rest[..at]);
        }

        string? tag = null;
        if (rest.LastIndexOf(':') is >= 0 and var colon && rest.IndexOf('/', colon) < 0)
        {
            (tag, rest) = (rest[(colon + 1)..], rest[..colon]);
            if (!TagGrammar().IsMatch(tag))
            {
                return null;
            }
        }

        var (host, path) = Split(rest);
        if (path.Any(char.IsAsciiLetterUpper) && PathGrammar().IsMatch(path.ToLowerInvariant()))
        {
            refusal = $"invalid reference format: repository name ({path}) must be lowercase";
            return null;
        }

        if (!HostGrammar().IsMatch(host) || !PathGrammar().IsMatch(path))
        {
            return null;
        }

        if (host.Length + 1 + path.Length > MaxNameLength)
        {
            refusal = "repository name must not be more than 255 characters";
            return null;
        }

        if (Swarm.Registry.Digest.TryParseHex(rest, out _))
        {
            refusal = $"invalid repository name ({rest}), cannot specify 64-byte hexadecimal strings";
            return null;
        }

        return new ImageReference(host, path, tag, digest);
    }

    /// <summary>:latest, if neither tag nor digest is given.</summary>
    public ImageReference WithDefaultTag() => Tag is null && Digest is null ? WithTag("latest") : this;

    /// <exception cref="EngineException">400: not a tag.</exception>
    public ImageReference WithTag(string tag) => TagGrammar().IsMatch(tag)
        ? new ImageReference(Host, Path, tag, null)
        : throw EngineException.BadRequest("invalid tag format");

    public ImageReference WithDigest(Digest digest) => new(Host, Path, null, digest);

    public override string ToString() => Canonical;

    /// <summary>The first part is a host if it looks like one: a dot, a port, upper case, or localhost.</summary>
    private static (string Host, string Path) Split(string name)
    {
        var slash = name.IndexOf('/');
        var first = slash < 0 ? "" : name[..slash];
        var isHost = slash >= 0 && (first.AsSpan().ContainsAny(".:") || first == "localhost" || first.Any(char.IsAsciiLetterUpper));
        var (host, path) = isHost ? (first, name[(slash + 1)..]) : (RegistryClient.DockerHub, name);
        if (host == "index.docker.io")
        {
            host = RegistryClient.DockerHub;
        }

        return (host, host == RegistryClient.DockerHub && !path.Contains('/') ? OfficialPrefix + path : path);
    }

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\z")]
    private static partial Regex TagGrammar();

    [GeneratedRegex(@"^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*\z")]
    private static partial Regex PathGrammar();

    [GeneratedRegex(@"^(?:(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])(?:\.(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?\z")]
    private static partial Regex HostGrammar();
}

using System.Text.RegularExpressions;

namespace Swarm.Manager.Control;

/// <summary>The grammar of image references (distribution/reference): [domain[:port]/]path[:tag][@digest].</summary>
internal static partial class ImageReference
{
    /// <summary>Characters of the repository's name, domain included.</summary>
    private const int MaxNameLength = 255;

    internal static bool IsValid(string reference)
    {
        var match = Grammar().Match(reference);
        return match.Success && match.Groups["name"].Length <= MaxNameLength && !Digest().IsMatch(reference);
    }

    /// <summary>The first segment is a domain only if it has a dot or a port, is localhost, or has capitals; otherwise it belongs to the path.</summary>
    [GeneratedRegex(
        @"^(?<name>(?:(?:localhost|\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(?::[0-9]+)?/)?" +
        @"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)" +
        @"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,512})?\z",
        RegexOptions.NonBacktracking)]
    private static partial Regex Grammar();

    /// <summary>A bare id is not a name.</summary>
    [GeneratedRegex(@"^[a-f0-9]{64}\z", RegexOptions.NonBacktracking)]
    private static partial Regex Digest();
}

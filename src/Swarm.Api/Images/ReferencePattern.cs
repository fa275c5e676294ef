using System.Text;
using System.Text.RegularExpressions;

namespace Swarm.Api.Images;

/// <summary>The `reference` filter: a shell pattern over the familiar name, with or without the tag. `*` does not cross a slash.</summary>
internal sealed class ReferencePattern
{
    private static readonly TimeSpan MaxTime = TimeSpan.FromMilliseconds(100);

    private readonly Regex _regex;

    private ReferencePattern(Regex regex) => _regex = regex;

    public static ReferencePattern Parse(string pattern)
    {
        var regex = new StringBuilder("^");
        foreach (var c in pattern)
        {
            regex.Append(c switch
            {
                '*' => "[^/]*",
                '?' => "[^/]",
                _ => Regex.Escape(c.ToString()),
            });
        }

        // NonBacktracking: a hostile pattern costs linear time.
        return new ReferencePattern(new Regex(regex.Append('$').ToString(), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, MaxTime));
    }

    /// <param name="tag">As in busybox:latest.</param>
    public bool Matches(string tag) => _regex.IsMatch(tag) || _regex.IsMatch(tag[..tag.LastIndexOf(':')]);
}

using System.Text.RegularExpressions;

namespace Swarm.Engine.Build.Dockerfiles;

/// <summary>A .dockerignore: the last pattern that fits a path decides; `!` takes it in again.</summary>
internal sealed class IgnoreList
{
    /// <summary>Bytes of a .dockerignore.</summary>
    public const int MaxSize = 1 << 20;

    private readonly List<(Regex Pattern, bool Excludes)> _rules = [];

    public static IgnoreList Parse(string text)
    {
        var list = new IgnoreList();
        foreach (var line in text.TrimStart('\uFEFF').Split('\n').Select(line => line.Trim()))
        {
            if (line.Length == 0 || line.StartsWith('#'))
            {
                continue;
            }

            var negated = line.StartsWith('!');
            var path = (negated ? line[1..] : line).Trim();
            var parts = path.Split('/').Where(part => part is not ("" or ".")).ToList();
            if (parts.Count > 0)
            {
                list._rules.Add((Patterns.Ignore(string.Join('/', parts)), !negated));
            }
        }

        return list;
    }

    /// <param name="path">Relative to the context, without a leading slash.</param>
    public bool Excludes(string path)
    {
        var excluded = false;
        foreach (var (pattern, excludes) in _rules)
        {
            if (excludes != excluded && pattern.IsMatch(path))
            {
                excluded = excludes;
            }
        }

        return excluded;
    }
}

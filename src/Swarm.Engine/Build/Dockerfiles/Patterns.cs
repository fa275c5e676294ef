using System.Text;
using System.Text.RegularExpressions;

namespace Swarm.Engine.Build.Dockerfiles;

/// <summary>Shell patterns: of names in a build's context, of .dockerignore, and in expansions. Linear in time, whatever is asked.</summary>
internal static class Patterns
{
    private const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline;

    public static bool HasWildcards(string path)
    {
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] == '\\')
            {
                i++;
            }
            else if (path[i] is '*' or '?' or '[')
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A pattern over a path: `*` and `?` do not cross a slash.</summary>
    /// <exception cref="EngineException">400: malformed.</exception>
    public static Regex Path(string pattern) => Compile("^" + Translate(pattern, "[^/]", deep: false) + "$", pattern);

    /// <summary>A pattern of .dockerignore, which also has `**`, and covers what is below what it names.</summary>
    public static Regex Ignore(string pattern) => Compile("^" + Translate(pattern, "[^/]", deep: true) + "(?:/.*)?$", pattern);

    public static string TrimStart(string value, string pattern, bool longest)
    {
        var regex = Compile("^" + Translate(pattern, ".", deep: false) + "$", pattern);
        for (var i = 0; i <= value.Length; i++)
        {
            var length = longest ? value.Length - i : i;
            if (regex.IsMatch(value.AsSpan(0, length)))
            {
                return value[length..];
            }
        }

        return value;
    }

    public static string TrimEnd(string value, string pattern, bool longest)
    {
        var regex = Compile("^" + Translate(pattern, ".", deep: false) + "$", pattern);
        for (var i = 0; i <= value.Length; i++)
        {
            var length = longest ? value.Length - i : i;
            if (regex.IsMatch(value.AsSpan(value.Length - length)))
            {
                return value[..^length];
            }
        }

        return value;
    }

    public static string Replace(string value, string pattern, string with, bool all)
    {
        if (pattern.Length == 0)
        {
            return value;
        }

        var regex = Compile(Translate(pattern, ".", deep: false), pattern);
        return regex.Replace(value, _ => with, all ? -1 : 1);
    }

    private static Regex Compile(string regex, string pattern)
    {
        try
        {
            return new Regex(regex, Linear);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new EngineException(400, $"syntax error in pattern \"{pattern}\"", e);
        }
    }

    private static string Translate(string pattern, string any, bool deep)
    {
        var regex = new StringBuilder();
        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '*' when deep && i + 1 < pattern.Length && pattern[i + 1] == '*':
                    i++;
                    if (i + 1 < pattern.Length && pattern[i + 1] == '/')
                    {
                        i++;
                        regex.Append("(?:.*/)?");
                    }
                    else
                    {
                        regex.Append(".*");
                    }

                    break;
                case '*':
                    regex.Append(any).Append('*');
                    break;
                case '?':
                    regex.Append(any);
                    break;
                case '[' when pattern.IndexOf(']', Math.Min(i + 2, pattern.Length)) is > 0 and var close:
                    var set = pattern[(i + 1)..close];
                    var negated = set.StartsWith('^');
                    regex.Append(negated ? "[^" : "[").Append(set[(negated ? 1 : 0)..].Replace("[", "\\[", StringComparison.Ordinal)).Append(']');
                    i = close;
                    break;
                case '\\' when i + 1 < pattern.Length:
                    regex.Append(Regex.Escape(pattern[++i].ToString()));
                    break;
                default:
                    regex.Append(Regex.Escape(pattern[i].ToString()));
                    break;
            }
        }

        return regex.ToString();
    }
}

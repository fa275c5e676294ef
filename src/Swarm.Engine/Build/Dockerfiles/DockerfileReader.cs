using System.Text;
using System.Text.RegularExpressions;

namespace Swarm.Engine.Build.Dockerfiles;

/// <summary>
/// Reads a Dockerfile's lines into instructions: directives, comments, continuations, flags and here-documents (Dockerfile reference, "Format").
/// What the instructions mean is not decided here.
/// </summary>
internal sealed partial class DockerfileReader
{
    /// <summary>Bytes of a Dockerfile.</summary>
    public const int MaxSize = 4 << 20;

    /// <summary>The language has no bound; a history of so many steps is none that a container could be made of.</summary>
    private const int MaxInstructions = 10_000;

    private static readonly HashSet<string> Known =
    [
        "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "RUN", "SHELL",
        "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
    ];

    private static readonly HashSet<string> TakeDocuments = ["ADD", "COPY", "RUN"];

    private readonly string[] _lines;
    private readonly List<string> _warnings = [];
    private char _escape = '\\';
    private int _at;

    private DockerfileReader(string text) => _lines = text.TrimStart('\uFEFF').Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n');

    /// <exception cref="EngineException">400, with Docker's text and the line.</exception>
    public static Dockerfile Read(string text)
    {
        var reader = new DockerfileReader(text);
        reader.ReadDirectives();
        var instructions = new List<Instruction>();
        while (reader.Next() is { } instruction)
        {
            instructions.Add(instruction);
            if (instructions.Count > MaxInstructions)
            {
                throw EngineException.BadRequest($"dockerfile parse error: more than {MaxInstructions} instructions");
            }
        }

        return instructions.Count > 0
            ? new Dockerfile(instructions, reader._escape, reader._warnings)
            : throw EngineException.BadRequest("file with no instructions");
    }

    /// <summary>One instruction that stands alone: an ONBUILD trigger, a change of a commit.</summary>
    public static Instruction ReadOne(string line, char escape)
    {
        var reader = new DockerfileReader(line) { _escape = escape };
        return reader.Next() ?? throw EngineException.BadRequest("file with no instructions");
    }

    internal static EngineException ErrorAt(int line, string message) => EngineException.BadRequest($"dockerfile parse error on line {line}: {message}");

    /// <summary>Comments of the form `# key=value` before anything else.</summary>
    private void ReadDirectives()
    {
        var seen = new HashSet<string>();
        for (; _at < _lines.Length && Directive().Match(_lines[_at]) is { Success: true } match; _at++)
        {
            var name = match.Groups[1].Value.ToLowerInvariant();
            if (name is not ("escape" or "syntax" or "check"))
            {
                return;
            }

            if (!seen.Add(name))
            {
                throw ErrorAt(_at + 1, $"only one {name} parser directive can be used");
            }

            if (name == "escape")
            {
                _escape = match.Groups[2].Value is "\\" or "`"
                    ? match.Groups[2].Value[0]
                    : throw ErrorAt(_at + 1, $"invalid escape token '{match.Groups[2].Value}' does not match ` or \\");
            }
        }
    }

    private Instruction? Next()
    {
        while (_at < _lines.Length && IsBlankOrComment(_lines[_at]))
        {
            _at++;
        }

        if (_at >= _lines.Length)
        {
            return null;
        }

        var start = _at + 1;
        var text = ReadJoined();
        var space = text.AsSpan().IndexOfAny(' ', '\t');
        var name = (space < 0 ? text : text[..space]).ToUpperInvariant();
        if (!Known.Contains(name))
        {
            throw ErrorAt(start, $"unknown instruction: {name}");
        }

        var (flags, arguments) = Flags(space < 0 ? "" : text[space..].Trim());
        var inner = name == "ONBUILD" ? arguments.Split([' ', '\t'], 2)[0].ToUpperInvariant() : name;
        var documents = TakeDocuments.Contains(inner) ? ReadDocuments(arguments, start) : [];
        return new Instruction(name, text, flags, arguments, start, documents);
    }

    /// <summary>A line and those that continue it, without comments and blank lines in between.</summary>
    private string ReadJoined()
    {
        var text = new StringBuilder();
        for (var first = true; _at < _lines.Length; first = false)
        {
            var line = _lines[_at++];
            if (!first && IsBlankOrComment(line))
            {
                if (line.AsSpan().Trim().IsEmpty && _warnings.Count == 0)
                {
                    _warnings.Add("[WARNING]: Empty continuation lines will become errors in a future release.\n");
                }

                continue;
            }

            if (first)
            {
                line = line.TrimStart();
            }

            var end = line.AsSpan().TrimEnd(" \t").Length;
            if (end == 0 || line[end - 1] != _escape || (end > 1 && line[end - 2] == _escape))
            {
                text.Append(line);
                break;
            }

            text.Append(line, 0, end - 1);
        }

        return text.ToString().Trim();
    }

    private List<HereDocument> ReadDocuments(string arguments, int start)
    {
        var documents = new List<HereDocument>();
        if (arguments.StartsWith('['))
        {
            return documents;
        }

        foreach (var word in Words.Split(arguments, _escape))
        {
            if (Here().Match(word) is not { Success: true } match)
            {
                continue;
            }

            var (chomp, name) = (match.Groups[1].Length > 0, match.Groups[3].Value);
            var content = new StringBuilder();
            while (true)
            {
                if (_at >= _lines.Length)
                {
                    throw ErrorAt(start, "unterminated heredoc");
                }

                var line = chomp ? _lines[_at].TrimStart('\t') : _lines[_at];
                _at++;
                if (line == name)
                {
                    break;
                }

                content.Append(line).Append('\n');
            }

            documents.Add(new HereDocument(name, content.ToString(), match.Groups[2].Length > 0));
        }

        return documents;
    }

    /// <summary>Leading words that begin with two dashes.</summary>
    private static (IReadOnlyList<string> Flags, string Arguments) Flags(string arguments)
    {
        var flags = new List<string>();
        while (arguments.StartsWith("--", StringComparison.Ordinal))
        {
            var space = arguments.AsSpan().IndexOfAny(' ', '\t');
            var flag = space < 0 ? arguments : arguments[..space];
            arguments = space < 0 ? "" : arguments[space..].TrimStart();
            if (flag == "--")
            {
                break;
            }

            flags.Add(flag);
        }

        return (flags, arguments);
    }

    private static bool IsBlankOrComment(string line) => line.AsSpan().TrimStart() is { IsEmpty: true } or ['#', ..];

    [GeneratedRegex(@"^\s*#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")]
    private static partial Regex Directive();

    [GeneratedRegex(@"^\d*<<(-?)([""']?)([a-zA-Z0-9_./-]+)\2$")]
    private static partial Regex Here();
}

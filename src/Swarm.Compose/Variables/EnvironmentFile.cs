using System.Text;

namespace Swarm.Compose.Variables;

/// <summary>
/// Files of variables (`.env`, `env_file`): `NAME=value` or `export NAME=value`, comments behind #, values bare, in 'single' quotes (taken as they are)
/// or in "double" ones (escapes; both may span lines). Variables in bare and double-quoted values are filled in.
/// </summary>
internal sealed class EnvironmentFile
{
    /// <summary>A file of variables is no place for data.</summary>
    private const long MaxBytes = 1 << 20;

    private readonly string _text;
    private readonly string _file;
    private readonly Func<string, string?> _lookUp;
    private readonly OrderedDictionary<string, string?> _found = new(StringComparer.Ordinal);
    private readonly Interpolation _interpolation;
    private int _at;
    private int _line = 1;

    private EnvironmentFile(string text, string file, Func<string, string?> lookUp)
    {
        (_text, _file, _lookUp) = (text, file, lookUp);
        _interpolation = new Interpolation(name => _lookUp(name) ?? _found.GetValueOrDefault(name), _ => { });
    }

    /// <summary>A name without `=` has the value null: it is taken from elsewhere.</summary>
    /// <param name="lookUp">Variables that values may name; those of the file itself count too.</param>
    /// <exception cref="ComposeException">Not such a file.</exception>
    internal static OrderedDictionary<string, string?> Read(string file, Func<string, string?> lookUp) =>
        Parse(Load(file).ReplaceLineEndings("\n"), file, lookUp);

    /// <summary>`format: raw`: what stands behind the first `=` is the value, with quotes and all.</summary>
    internal static OrderedDictionary<string, string?> ReadRaw(string file)
    {
        var found = new OrderedDictionary<string, string?>(StringComparer.Ordinal);
        foreach (var line in Load(file).ReplaceLineEndings("\n").Split('\n').Where(line => line.Trim().Length > 0 && !line.TrimStart().StartsWith('#')))
        {
            var sign = line.IndexOf('=', StringComparison.Ordinal);
            found[(sign < 0 ? line : line[..sign]).Trim()] = sign < 0 ? null : line[(sign + 1)..];
        }

        return found;
    }

    internal static OrderedDictionary<string, string?> Parse(string text, string file, Func<string, string?> lookUp)
    {
        var reader = new EnvironmentFile(text, file, lookUp);
        reader.ReadAll();
        return reader._found;
    }

    private static string Load(string file)
    {
        try
        {
            return new FileInfo(file).Length <= MaxBytes ? File.ReadAllText(file) : throw new ComposeException($"{file}: larger than {MaxBytes >> 20} MiB");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ComposeException($"{file}: {e.Message}", e);
        }
    }

    private void ReadAll()
    {
        while (_at < _text.Length)
        {
            var line = Peek();
            if (line.Trim() is "" || line.TrimStart().StartsWith('#'))
            {
                NextLine();
                continue;
            }

            ReadOne(line);
        }
    }

    private void ReadOne(string line)
    {
        var sign = line.IndexOf('=', StringComparison.Ordinal);
        var name = (sign < 0 ? line : line[..sign]).Trim();
        if (name.StartsWith("export ", StringComparison.Ordinal))
        {
            name = name[7..].TrimStart();
        }

        if (name.Length == 0 || name.Any(c => char.IsWhiteSpace(c) || c is '"' or '\'' or '$'))
        {
            throw Wrong($"'{name}' is not the name of a variable");
        }

        if (sign < 0)
        {
            _found[name] = null;
            NextLine();
            return;
        }

        _at += sign + 1;
        while (_at < _text.Length && _text[_at] is ' ' or '\t')
        {
            _at++;
        }

        _found[name] = (_at < _text.Length ? _text[_at] : '\n') switch
        {
            '\'' => Quoted('\''),
            '"' => Interpolated(Quoted('"')),
            _ => Interpolated(Bare()),
        };
    }

    private string Bare()
    {
        var line = Peek();
        NextLine();
        var comment = line.IndexOf(" #", StringComparison.Ordinal);
        return (comment < 0 ? line : line[..comment]).Trim();
    }

    private string Quoted(char quote)
    {
        var value = new StringBuilder();
        for (_at++; _at < _text.Length && _text[_at] != quote; _at++)
        {
            if (_text[_at] == '\\' && quote == '"' && _at + 1 < _text.Length)
            {
                value.Append(_text[++_at] switch { 'n' => "\n", 'r' => "\r", 't' => "\t", '$' => "$$", var other => other.ToString() });
                continue;
            }

            if (_text[_at] == '\\' && quote == '\'' && _at + 1 < _text.Length && _text[_at + 1] == '\'')
            {
                _at++;
            }

            _line += _text[_at] == '\n' ? 1 : 0;
            value.Append(_text[_at]);
        }

        if (_at >= _text.Length)
        {
            throw Wrong("a quote is not closed");
        }

        _at++;
        var rest = Peek().Trim();
        if (rest.Length > 0 && !rest.StartsWith('#'))
        {
            throw Wrong("something stands behind the closing quote");
        }

        NextLine();
        return value.ToString();
    }

    private string Interpolated(string value)
    {
        try
        {
            return _interpolation.Apply(value);
        }
        catch (FormatException)
        {
            // Not the value: it may be a secret.
            throw Wrong("a variable in the value is not written as it should be, or must be set and is not");
        }
    }

    private string Peek()
    {
        var end = _text.IndexOf('\n', _at);
        return end < 0 ? _text[_at..] : _text[_at..end];
    }

    private void NextLine()
    {
        var end = _text.IndexOf('\n', _at);
        _at = end < 0 ? _text.Length : end + 1;
        _line++;
    }

    private ComposeException Wrong(string message) => new($"{_file}:{_line}: {message}");
}

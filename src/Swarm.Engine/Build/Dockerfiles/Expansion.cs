using System.Text;

namespace Swarm.Engine.Build.Dockerfiles;

/// <summary>
/// Variables in words, as the Dockerfile reference has them under "Environment replacement": $x, ${x}, with :- - :+ + :? ? and the patterns
/// # ## % %% / //; quotes and escapes as a shell reads them. One word or text at a time.
/// </summary>
internal sealed class Expansion
{
    /// <summary>${a:-${b:-...}}.</summary>
    private const int MaxDepth = 64;

    private readonly string _text;
    private readonly Func<string, string?> _lookup;
    private readonly char _escape;
    private readonly int _depth;
    private int _at;

    private Expansion(string text, Func<string, string?> lookup, char escape, int depth) =>
        (_text, _lookup, _escape, _depth) = (text, lookup, escape, depth);

    /// <summary>One word; its quotes go.</summary>
    /// <exception cref="EngineException">400: it is malformed, or :? found nothing.</exception>
    public static string Word(string text, Func<string, string?> lookup, char escape) => new Expansion(text, lookup, escape, 0).Read();

    /// <summary>A text whose quotes stay: a here-document.</summary>
    public static string Text(string text, Func<string, string?> lookup, char escape)
    {
        var expansion = new Expansion(text, lookup, escape, 0);
        var result = new StringBuilder();
        while (expansion._at < text.Length)
        {
            var c = text[expansion._at];
            if (c == escape && expansion._at + 1 < text.Length && text[expansion._at + 1] is '$' or '\\')
            {
                result.Append(text[expansion._at + 1]);
                expansion._at += 2;
            }
            else if (c == '$')
            {
                result.Append(expansion.Dollar());
            }
            else
            {
                result.Append(c);
                expansion._at++;
            }
        }

        return result.ToString();
    }

    private string Read()
    {
        var result = new StringBuilder();
        while (_at < _text.Length)
        {
            var c = _text[_at];
            switch (c)
            {
                case '\'':
                    var close = _text.IndexOf('\'', _at + 1);
                    result.Append(_text, _at + 1, (close < 0 ? throw Unterminated("'") : close) - _at - 1);
                    _at = close + 1;
                    break;
                case '"':
                    Quoted(result);
                    break;
                case '$':
                    result.Append(Dollar());
                    break;
                default:
                    if (c == _escape && _at + 1 < _text.Length)
                    {
                        result.Append(_text[_at + 1]);
                        _at += 2;
                        break;
                    }

                    // An escape at the very end escapes nothing.
                    if (c != _escape)
                    {
                        result.Append(c);
                    }

                    _at++;
                    break;
            }
        }

        return result.ToString();
    }

    private void Quoted(StringBuilder result)
    {
        for (_at++; ;)
        {
            if (_at >= _text.Length)
            {
                throw Unterminated("\"");
            }

            var c = _text[_at];
            if (c == '"')
            {
                _at++;
                return;
            }

            if (c == '$')
            {
                result.Append(Dollar());
            }
            else if (c == _escape && _at + 1 < _text.Length && (_text[_at + 1] is '"' or '$' || _text[_at + 1] == _escape))
            {
                result.Append(_text[_at + 1]);
                _at += 2;
            }
            else
            {
                result.Append(c);
                _at++;
            }
        }
    }

    private string Dollar()
    {
        _at++;
        if (_at < _text.Length && _text[_at] == '{')
        {
            _at++;
            return Braced();
        }

        var name = Name();
        return name.Length == 0 ? "$" : _lookup(name) ?? "";
    }

    private string Braced()
    {
        var name = Name();
        if (name.Length == 0)
        {
            throw Bad(_at < _text.Length && _text[_at] == '}' ? "${}: bad substitution" : $"{_text}: bad substitution");
        }

        var value = _lookup(name);
        if (_at < _text.Length && _text[_at] == '}')
        {
            _at++;
            return value ?? "";
        }

        var orEmpty = _at + 1 < _text.Length && _text[_at] == ':';
        if (orEmpty)
        {
            _at++;
        }

        var kind = _at < _text.Length ? _text[_at++] : '\0';
        var absent = value is null || (orEmpty && value.Length == 0);
        var twice = !orEmpty && kind is '#' or '%' or '/' && _at < _text.Length && _text[_at] == kind;
        _at += twice ? 1 : 0;
        var raw = RawUntilClose();
        var word = new Expansion(raw, _lookup, _escape, _depth < MaxDepth ? _depth + 1 : throw Bad("too many nested substitutions"));
        return (kind, orEmpty) switch
        {
            ('-', _) => absent ? word.Read() : value!,
            ('+', _) => absent ? "" : word.Read(),
            ('?', _) => !absent ? value! : throw Bad($"{name}: {(word.Read() is { Length: > 0 } said ? said : "is not allowed to be unset")}"),
            ('#', false) => Patterns.TrimStart(value ?? "", word.Read(), longest: twice),
            ('%', false) => Patterns.TrimEnd(value ?? "", word.Read(), longest: twice),
            ('/', false) => Replace(value ?? "", raw, twice),
            _ => throw Bad($"unsupported modifier ({kind}) in substitution"),
        };
    }

    private string Replace(string value, string raw, bool all)
    {
        var slash = raw.IndexOf('/');
        var (pattern, with) = slash < 0 ? (raw, "") : (raw[..slash], raw[(slash + 1)..]);
        return Patterns.Replace(value, Word(pattern, _lookup, _escape), Word(with, _lookup, _escape), all);
    }

    private string RawUntilClose()
    {
        var start = _at;
        for (var depth = 1; _at < _text.Length; _at++)
        {
            var c = _text[_at];
            if (c == _escape)
            {
                _at++;
            }
            else if (c == '{' && _text[_at - 1] == '$')
            {
                depth++;
            }
            else if (c == '}' && --depth == 0)
            {
                return _text[start.._at++];
            }
        }

        throw Bad("syntax error: missing '}'");
    }

    /// <summary>A name, or one of the shell's own parameters of one character.</summary>
    private string Name()
    {
        var start = _at;
        if (_at < _text.Length && (char.IsAsciiDigit(_text[_at]) || _text[_at] is '@' or '*' or '#' or '?' or '!'))
        {
            return _text[_at++].ToString();
        }

        while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] == '_'))
        {
            _at++;
        }

        return _text[start.._at];
    }

    private EngineException Unterminated(string quote) => Bad($"unexpected end of statement while looking for matching {(quote == "'" ? "single" : "double")}-quote");

    private EngineException Bad(string why) => EngineException.BadRequest($"failed to process \"{_text}\": {why}");
}

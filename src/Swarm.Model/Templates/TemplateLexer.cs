using System.Text;

namespace Swarm.Model.Templates;

/// <summary>Splits a template into plain text and actions, as Go's text/template does: {{ }}, trim markers {{- and -}}, comments.</summary>
internal sealed class TemplateLexer(string source)
{
    private int _at;
    private int _line = 1;
    private bool _trims;

    /// <summary>The next piece of text, or the tokens of the next action; both null at the end.</summary>
    internal (string? Text, IReadOnlyList<TemplateToken>? Action, int Line) Next()
    {
        while (_at < source.Length)
        {
            var line = _line;
            var open = source.IndexOf("{{", _at, StringComparison.Ordinal);
            if (open != _at)
            {
                var end = open < 0 ? source.Length : open;
                var text = source[_at..end];
                Advance(end);
                text = _trims ? text.TrimStart() : text;
                _trims = false;
                if (IsMarker(open + 2, 1))
                {
                    text = text.TrimEnd();
                }

                if (text.Length > 0)
                {
                    return (text, null, line);
                }

                continue;
            }

            if (ReadAction() is { } action)
            {
                return (null, action, line);
            }
        }

        return (null, null, _line);
    }

    /// <summary>Null: a comment.</summary>
    private List<TemplateToken>? ReadAction()
    {
        Advance(_at + (IsMarker(_at + 2, 1) ? 3 : 2));
        _trims = false;
        SkipSpace();
        if (source.AsSpan(_at).StartsWith("/*"))
        {
            var end = source.IndexOf("*/", _at, StringComparison.Ordinal);
            Advance(end < 0 ? throw new TemplateException(_line, "unclosed comment") : end + 2);
            SkipSpace();
            return Ends() ? null : throw new TemplateException(_line, "comment ends before closing delimiter");
        }

        var tokens = new List<TemplateToken>();
        while (true)
        {
            var before = _at;
            SkipSpace();
            if (Ends())
            {
                return tokens;
            }

            var isAttached = before == _at;
            tokens.Add(_at < source.Length ? ReadToken() with { IsAttached = isAttached } : throw new TemplateException(_line, "unclosed action"));
        }
    }

    /// <summary>Whether the action ends here; goes behind it if so.</summary>
    private bool Ends()
    {
        var rest = source.AsSpan(_at);
        if (rest.StartsWith("-}}"))
        {
            _trims = true;
            _at += 3;
            return true;
        }

        if (rest.StartsWith("}}"))
        {
            _at += 2;
            return true;
        }

        return false;
    }

    private TemplateToken ReadToken()
    {
        var first = source[_at];
        switch (first)
        {
            case '(' or ')' or '|':
                _at++;
                return new(first == '(' ? TokenKind.Open : first == ')' ? TokenKind.Close : TokenKind.Pipe, "", _line);
            case '"':
                return new(TokenKind.Text, Quoted(), _line);
            case '`':
                var end = source.IndexOf('`', _at + 1);
                var raw = end < 0 ? throw new TemplateException(_line, "unterminated raw quoted string") : source[(_at + 1)..end];
                var line = _line;
                Advance(end + 1);
                return new(TokenKind.Text, raw, line);
            case '.':
                _at++;
                var field = Word();
                return field.Length == 0 ? new(TokenKind.Dot, "", _line) : new(TokenKind.Field, field, _line);
            case >= '0' and <= '9' or '-' or '+':
                _at++;
                return new(TokenKind.Number, first + Word(), _line);
        }

        var word = Word();
        return word.Length > 0 ? new(TokenKind.Word, word, _line) : throw new TemplateException(_line, $"unexpected '{first}' in an action: this version knows fields, functions, texts, numbers and pipes");
    }

    private string Word()
    {
        var start = _at;
        while (_at < source.Length && (char.IsLetterOrDigit(source[_at]) || source[_at] == '_'))
        {
            _at++;
        }

        return source[start.._at];
    }

    private string Quoted()
    {
        var text = new StringBuilder();
        for (_at++; _at < source.Length && source[_at] is not ('"' or '\n'); _at++)
        {
            text.Append(source[_at] != '\\' || _at + 1 == source.Length ? source[_at] : source[++_at] switch
            {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                '"' or '\\' => source[_at],
                var other => throw new TemplateException(_line, $"invalid escape \\{other} in a quoted string"),
            });
        }

        if (_at >= source.Length || source[_at++] != '"')
        {
            throw new TemplateException(_line, "unterminated quoted string");
        }

        return text.ToString();
    }

    /// <summary>A trim marker is a minus with white space on its inner side.</summary>
    private bool IsMarker(int at, int space) =>
        at >= 2 && at + space < source.Length && source[at] == '-' && char.IsWhiteSpace(source[at + space]);

    private void SkipSpace()
    {
        while (_at < source.Length && char.IsWhiteSpace(source[_at]))
        {
            Advance(_at + 1);
        }
    }

    private void Advance(int to)
    {
        _line += source.AsSpan(_at, to - _at).Count('\n');
        _at = to;
    }
}

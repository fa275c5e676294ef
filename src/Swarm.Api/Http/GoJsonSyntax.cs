using System.Globalization;
using System.Text;

namespace Swarm.Api.Http;

/// <summary>
/// Finds what is wrong with a text that is no JSON, in the words of Go's encoding/json, which Docker passes on. Run only on what was refused
/// already, so it is plain rather than fast.
/// </summary>
internal ref struct GoJsonSyntax
{
    /// <summary>Go's own bound of arrays and objects in each other.</summary>
    internal const int MaxDepth = 10_000;

    private readonly ReadOnlySpan<byte> _text;
    private int _at;
    private string? _error;

    private GoJsonSyntax(ReadOnlySpan<byte> text) => _text = text;

    /// <summary>The complaint about the first value of <paramref name="text"/>, or null if it is well formed.</summary>
    /// <param name="rest">Where the value ends.</param>
    internal static string? Complaint(ReadOnlySpan<byte> text, out int rest)
    {
        var scan = new GoJsonSyntax(text);
        scan.Value(0);
        rest = scan._at;
        return scan._error;
    }

    private void Value(int depth)
    {
        if (depth > MaxDepth)
        {
            _error = "exceeded max depth";
            return;
        }

        switch (Next())
        {
            case (byte)'{':
                Members(depth);
                break;
            case (byte)'[':
                Elements(depth);
                break;
            case (byte)'"':
                Text();
                break;
            case (byte)'t':
                Literal("true");
                break;
            case (byte)'f':
                Literal("false");
                break;
            case (byte)'n':
                Literal("null");
                break;
            case (byte)'-' or (>= (byte)'0' and <= (byte)'9'):
                Number();
                break;
            default:
                Wrong("looking for beginning of value");
                break;
        }
    }

    private void Members(int depth)
    {
        _at++;
        if (Next() == '}')
        {
            _at++;
            return;
        }

        while (_error is null)
        {
            if (Next() != '"')
            {
                Wrong("looking for beginning of object key string");
                return;
            }

            Text();
            if (_error is null && !Take(':', "after object key"))
            {
                return;
            }

            Value(depth + 1);
            if (_error is not null || Next() == '}')
            {
                _at++;
                return;
            }

            Take(',', "after object key:value pair");
        }
    }

    private void Elements(int depth)
    {
        _at++;
        if (Next() == ']')
        {
            _at++;
            return;
        }

        while (_error is null)
        {
            Value(depth + 1);
            if (_error is not null || Next() == ']')
            {
                _at++;
                return;
            }

            Take(',', "after array element");
        }
    }

    private void Text()
    {
        for (_at++; _error is null; _at++)
        {
            switch (Here())
            {
                case (byte)'"':
                    _at++;
                    return;
                case (byte)'\\':
                    Escape();
                    break;
                case < 0x20:
                    Wrong("in string literal");
                    break;
            }
        }
    }

    private void Escape()
    {
        _at++;
        if (Here() != 'u')
        {
            if (Here() < 0 || !"bfnrt\\/\"".Contains((char)Here(), StringComparison.Ordinal))
            {
                Wrong("in string escape code");
            }

            return;
        }

        for (var i = 0; i < 4 && _error is null; i++)
        {
            _at++;
            if (Here() < 0 || !char.IsAsciiHexDigit((char)Here()))
            {
                Wrong("in \\u hexadecimal character escape");
            }
        }
    }

    private void Literal(string word)
    {
        for (var i = 1; i < word.Length && _error is null; i++)
        {
            _at++;
            if (Here() != word[i])
            {
                Wrong($"in literal {word} (expecting {Quote(word[i])})");
            }
        }

        _at++;
    }

    private void Number()
    {
        if (Here() == '-')
        {
            _at++;
        }

        if (Here() == '0')
        {
            _at++;
        }
        else
        {
            Digits("in numeric literal");
        }

        if (_error is null && Here() == '.')
        {
            _at++;
            Digits("after decimal point in numeric literal");
        }

        if (_error is null && Here() is 'e' or 'E')
        {
            _at++;
            if (Here() is '+' or '-')
            {
                _at++;
            }

            Digits("in exponent of numeric literal");
        }
    }

    private void Digits(string where)
    {
        if (Here() is not (>= '0' and <= '9'))
        {
            Wrong(where);
        }

        while (Here() is >= '0' and <= '9')
        {
            _at++;
        }
    }

    private bool Take(char wanted, string where)
    {
        if (Next() != wanted)
        {
            Wrong(where);
            return false;
        }

        _at++;
        return true;
    }

    private readonly int Here() => _at < _text.Length ? _text[_at] : -1;

    private int Next()
    {
        while (Here() is ' ' or '\t' or '\r' or '\n')
        {
            _at++;
        }

        return Here();
    }

    private void Wrong(string where) => _error ??= Here() < 0 ? "unexpected EOF" : $"invalid character {Quote((char)Here())} {where}";

    /// <summary>A byte as Go quotes it.</summary>
    private static string Quote(char c) => c switch
    {
        '\'' => "'\\''",
        '"' => "'\"'",
        '\\' => "'\\\\'",
        '\n' => "'\\n'",
        '\r' => "'\\r'",
        '\t' => "'\\t'",
        < ' ' or '\x7f' => string.Create(CultureInfo.InvariantCulture, $"'\\x{(int)c:x2}'"),
        _ => $"'{c}'",
    };
}

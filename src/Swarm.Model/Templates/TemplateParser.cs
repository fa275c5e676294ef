using System.Globalization;

namespace Swarm.Model.Templates;

internal sealed class TemplateParser
{
    /// <summary>Ifs and parentheses within each other.</summary>
    private const int MaxDepth = 64;

    private static readonly HashSet<string> Builtin = ["and", "or", "not", "eq", "ne", "len", "index", "join"];
    private static readonly HashSet<string> NotBuilt = ["range", "with", "define", "block", "template", "break", "continue"];
    private readonly TemplateLexer _lexer;
    private readonly IReadOnlySet<string> _functions;
    private IReadOnlyList<TemplateToken> _tokens = [];
    private int _next;
    private int _line;
    private int _depth;

    internal TemplateParser(string source, IReadOnlySet<string> functions) => (_lexer, _functions) = (new TemplateLexer(source), functions);

    internal IReadOnlyList<TemplateNode> Parse()
    {
        var (nodes, end) = Block();
        return end is null ? nodes : throw new TemplateException(_line, $"unexpected {{{{{end}}}}}");
    }

    /// <summary>Up to the end of the template (null), or the `else` or `end` that stands there.</summary>
    private (List<TemplateNode> Nodes, string? End) Block()
    {
        if (++_depth > MaxDepth)
        {
            throw new TemplateException(_line, $"more than {MaxDepth} actions within each other");
        }

        var nodes = new List<TemplateNode>();
        while (true)
        {
            var (text, action, line) = _lexer.Next();
            _line = line;
            if (text is not null)
            {
                nodes.Add(new TextNode(text, line));
                continue;
            }

            if (action is null)
            {
                _depth--;
                return (nodes, null);
            }

            (_tokens, _next) = (action, 0);
            switch (Keyword())
            {
                case "if":
                    nodes.Add(If());
                    break;
                case ("else" or "end") and var end:
                    _depth--;
                    return (nodes, end);
                case { } word when NotBuilt.Contains(word):
                    throw new TemplateException(line, $"{{{{{word}}}}} is not built in this version: use fields, functions and if");
                default:
                    nodes.Add(new OutputNode(Whole(), line));
                    break;
            }
        }
    }

    private IfNode If()
    {
        var line = _line;
        var condition = Whole();
        var (then, end) = Block();
        List<TemplateNode> otherwise = [];
        if (end == "else")
        {
            if (Keyword() == "if")
            {
                return new IfNode(condition, then, [If()], line);
            }

            EnsureEnd();
            (otherwise, end) = Block();
        }

        EnsureEnd();
        return end == "end" ? new IfNode(condition, then, otherwise, line) : throw new TemplateException(line, end is null ? "unexpected EOF: an if has no end" : "expected end; found {{else}}");
    }

    private string? Keyword()
    {
        if (_next < _tokens.Count && _tokens[_next] is { Kind: TokenKind.Word, Value: var word } && (word is "if" or "else" or "end" || NotBuilt.Contains(word)))
        {
            _next++;
            return word;
        }

        return null;
    }

    private TemplateExpression Whole()
    {
        var value = Pipeline();
        EnsureEnd();
        return value;
    }

    private void EnsureEnd()
    {
        if (_next < _tokens.Count)
        {
            throw new TemplateException(_line, $"unexpected \"{_tokens[_next].Value}\" in command");
        }
    }

    private TemplateExpression Pipeline()
    {
        if (++_depth > MaxDepth)
        {
            throw new TemplateException(_line, $"more than {MaxDepth} parentheses within each other");
        }

        var value = Command(null);
        while (_next < _tokens.Count && _tokens[_next].Kind == TokenKind.Pipe)
        {
            _next++;
            value = Command(value);
        }

        _depth--;
        return value;
    }

    /// <param name="piped">The last argument, from before the pipe.</param>
    private TemplateExpression Command(TemplateExpression? piped)
    {
        var line = _line;
        if (_next < _tokens.Count && _tokens[_next] is { Kind: TokenKind.Word, Value: var name } && name is not ("true" or "false"))
        {
            _next++;
            var arguments = new List<TemplateExpression>();
            while (_next < _tokens.Count && _tokens[_next].Kind is not (TokenKind.Pipe or TokenKind.Close))
            {
                arguments.Add(Operand());
            }

            if (piped is not null)
            {
                arguments.Add(piped);
            }

            return Known(new FunctionCall(name, arguments, line));
        }

        return piped is null ? Operand() : throw new TemplateException(line, "non executable command in pipeline");
    }

    private FunctionCall Known(FunctionCall call) => Builtin.Contains(call.Name) || _functions.Contains(call.Name)
        ? call
        : throw new TemplateException(call.Line, $"function \"{call.Name}\" not defined");

    private TemplateExpression Operand()
    {
        var token = _next < _tokens.Count ? _tokens[_next++] : throw new TemplateException(_line, "missing value for command");
        return token.Kind switch
        {
            TokenKind.Text => new Literal(token.Value, token.Line),
            TokenKind.Number when long.TryParse(token.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => new Literal(number, token.Line),
            TokenKind.Word when token.Value is "true" or "false" => new Literal(token.Value == "true", token.Line),
            TokenKind.Word => Known(new FunctionCall(token.Value, [], token.Line)),
            TokenKind.Dot => new FieldPath(null, [], token.Line),
            TokenKind.Field => Path(null, token),
            TokenKind.Open => Parenthesis(token),
            _ => throw new TemplateException(token.Line, $"unexpected \"{token.Value}\" in operand"),
        };
    }

    private TemplateExpression Parenthesis(TemplateToken open)
    {
        var inner = Pipeline();
        if (_next >= _tokens.Count || _tokens[_next++].Kind != TokenKind.Close)
        {
            throw new TemplateException(open.Line, "unclosed left paren");
        }

        return _next < _tokens.Count && _tokens[_next].Kind == TokenKind.Field ? Path(inner, _tokens[_next++]) : inner;
    }

    private FieldPath Path(TemplateExpression? of, TemplateToken first)
    {
        List<string> fields = [first.Value];

        // .A.B is one path; .A .B would be two operands, which no function of ours takes side by side.
        while (_next < _tokens.Count && _tokens[_next].Kind == TokenKind.Field && _tokens[_next].IsAttached)
        {
            fields.Add(_tokens[_next++].Value);
        }

        return new FieldPath(of, fields, first.Line);
    }
}

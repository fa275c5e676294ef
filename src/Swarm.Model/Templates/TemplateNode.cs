using System.Globalization;
using System.Text;

namespace Swarm.Model.Templates;

/// <summary>A parsed piece of a template. Values are texts, numbers (long), truth values, maps of texts and scopes of named values.</summary>
internal abstract record TemplateNode(int Line)
{
    internal static string Print(object? value) => value switch
    {
        null => "<no value>",
        string text => text,
        bool truth => truth ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        IReadOnlyDictionary<string, string> map => $"map[{string.Join(' ', map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}:{pair.Value}"))}]",
        IReadOnlyDictionary<string, object> scope => $"{{{string.Join(' ', scope.Values.Select(Print))}}}",
        _ => value.ToString() ?? "",
    };

    /// <summary>What `if` takes for true: all but the empty value of a kind.</summary>
    internal static bool IsTrue(object? value) => value switch
    {
        null => false,
        string text => text.Length > 0,
        bool truth => truth,
        long number => number != 0,
        IReadOnlyDictionary<string, string> map => map.Count > 0,
        _ => true,
    };
}

internal sealed record TextNode(string Text, int Line) : TemplateNode(Line);

internal sealed record OutputNode(TemplateExpression Value, int Line) : TemplateNode(Line);

internal sealed record IfNode(TemplateExpression Condition, IReadOnlyList<TemplateNode> Then, IReadOnlyList<TemplateNode> Else, int Line) : TemplateNode(Line);

/// <summary>A value within an action.</summary>
internal abstract record TemplateExpression(int Line);

internal sealed record Literal(object Value, int Line) : TemplateExpression(Line);

/// <summary>Fields of the dot, or of what <paramref name="Of"/> gives.</summary>
internal sealed record FieldPath(TemplateExpression? Of, IReadOnlyList<string> Fields, int Line) : TemplateExpression(Line);

internal sealed record FunctionCall(string Name, IReadOnlyList<TemplateExpression> Arguments, int Line) : TemplateExpression(Line);

/// <summary>Fills a template in.</summary>
internal sealed class TemplateRun(IReadOnlyDictionary<string, object> dot, IReadOnlyDictionary<string, Func<string, string>> functions)
{
    internal void Write(IReadOnlyList<TemplateNode> nodes, StringBuilder output)
    {
        foreach (var node in nodes)
        {
            switch (node)
            {
                case TextNode text:
                    output.Append(text.Text);
                    break;
                case OutputNode value:
                    output.Append(TemplateNode.Print(Value(value.Value)));
                    break;
                case IfNode branch:
                    Write(TemplateNode.IsTrue(Value(branch.Condition)) ? branch.Then : branch.Else, output);
                    break;
            }

            if (output.Length > Template.MaxLength)
            {
                throw new TemplateException(node.Line, $"the result is longer than {Template.MaxLength} characters");
            }
        }
    }

    private object? Value(TemplateExpression expression) => expression switch
    {
        Literal literal => literal.Value,
        FieldPath path => path.Fields.Aggregate(path.Of is null ? dot : Value(path.Of), (from, field) => Field(from, field, path.Line)),
        FunctionCall call => Call(call),
        _ => throw new InvalidOperationException(expression.ToString()),
    };

    private static object Field(object? from, string name, int line) => from switch
    {
        IReadOnlyDictionary<string, object> scope when scope.TryGetValue(name, out var value) => value,
        IReadOnlyDictionary<string, string> map => map.TryGetValue(name, out var text) ? text : throw new TemplateException(line, $"map has no entry for key \"{name}\""),
        _ => throw new TemplateException(line, $"can't evaluate field {name}"),
    };

    private object? Call(FunctionCall call)
    {
        if (call.Name is "and" or "or")
        {
            object? value = null;
            foreach (var argument in call.Arguments)
            {
                value = Value(argument);
                if (TemplateNode.IsTrue(value) != (call.Name == "and"))
                {
                    break;
                }
            }

            return value;
        }

        List<object?> values = [.. call.Arguments.Select(Value)];
        if (functions.TryGetValue(call.Name, out var function))
        {
            return values is [string only] ? function(only) : throw Wrong(call);
        }

        return (call.Name, values) switch
        {
            ("not", [var one]) => !TemplateNode.IsTrue(one),
            ("eq", [var one, _, ..]) => values.Skip(1).Any(other => Equals(one, other)),
            ("ne", [var one, var other]) => !Equals(one, other),
            ("len", [string text]) => (long)Encoding.UTF8.GetByteCount(text),
            ("len", [IReadOnlyDictionary<string, string> map]) => (long)map.Count,
            ("index", [IReadOnlyDictionary<string, string> map, string key]) => map.GetValueOrDefault(key, ""),
            ("join", [string separator, ..]) when values.TrueForAll(one => one is string) => string.Join(separator, values.Skip(1)),
            _ => throw Wrong(call),
        };
    }

    private static TemplateException Wrong(FunctionCall call) => new(call.Line, $"wrong number or kind of args for {call.Name}");
}

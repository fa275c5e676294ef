using System.Text;

namespace Swarm.Model.Templates;

/// <summary>
/// The part of Go's text/template that Docker's users write in services, secrets and configs: fields, texts, numbers, pipes, parentheses, `if`,
/// comments, trim markers, and the functions and, or, not, eq, ne, len, index and join besides those that are given. The rest is refused by name.
/// </summary>
public sealed class Template
{
    /// <summary>Characters of a result; a little more may come of the last piece.</summary>
    public const int MaxLength = 4 << 20;

    /// <summary>What a secret's or a config's template may call besides.</summary>
    public static readonly IReadOnlySet<string> PayloadFunctions = new HashSet<string> { "env", "secret", "config" };

    private static readonly IReadOnlySet<string> NoFunctions = new HashSet<string>();
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly IReadOnlyList<TemplateNode> _nodes;

    private Template(IReadOnlyList<TemplateNode> nodes) => _nodes = nodes;

    /// <exception cref="TemplateException">It is not a template of this kind.</exception>
    public static Template Parse(string source, IReadOnlySet<string>? functions = null) => new(new TemplateParser(source, functions ?? NoFunctions).Parse());

    /// <summary>The text of a value that is a template, or that one names.</summary>
    /// <exception cref="TemplateException">It is not UTF-8.</exception>
    public static string TextOf(byte[] data)
    {
        try
        {
            return Strict.GetString(data);
        }
        catch (DecoderFallbackException)
        {
            throw new TemplateException(1, "a template, and what it takes from secrets and configs, must be UTF-8 text");
        }
    }

    /// <param name="dot">Values by name: texts, maps of texts, or scopes of the same kind.</param>
    /// <param name="functions">Of one text each.</param>
    /// <exception cref="TemplateException">A field or a value is not there, or a function was called with the wrong arguments.</exception>
    public string Execute(IReadOnlyDictionary<string, object> dot, IReadOnlyDictionary<string, Func<string, string>>? functions = null)
    {
        var output = new StringBuilder();
        new TemplateRun(dot, functions ?? new Dictionary<string, Func<string, string>>()).Write(_nodes, output);
        return output.ToString();
    }
}

using System.Text;
using System.Text.Json;

namespace Swarm.Engine.Build.Dockerfiles;

/// <summary>Arguments of instructions as words. Quotes and escapes keep their characters here; <see cref="Expansion"/> takes them away.</summary>
internal static class Words
{
    /// <summary>At white space outside of quotes.</summary>
    public static List<string> Split(string text, char escape)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var quote = '\0';
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quote == '\0' && char.IsWhiteSpace(c))
            {
                Flush();
                continue;
            }

            word.Append(c);
            if (c == escape && quote != '\'' && i + 1 < text.Length)
            {
                word.Append(text[++i]);
            }
            else if (quote == '\0' && c is '"' or '\'')
            {
                quote = c;
            }
            else if (c == quote)
            {
                quote = '\0';
            }
        }

        Flush();
        return words;

        void Flush()
        {
            if (word.Length > 0)
            {
                words.Add(word.ToString());
                word.Clear();
            }
        }
    }

    /// <summary>NAME=value pairs, or the old form of one name, white space, and all the rest as its value.</summary>
    /// <exception cref="EngineException">400.</exception>
    public static List<KeyValuePair<string, string>> Pairs(Instruction instruction, char escape)
    {
        var words = Split(instruction.Arguments, escape);
        if (words.Count == 0)
        {
            throw EngineException.BadRequest($"{instruction.Name} requires at least one argument");
        }

        if (!words[0].Contains('='))
        {
            var parts = instruction.Arguments.Split([' ', '\t'], 2);
            return parts.Length == 2
                ? [KeyValuePair.Create(parts[0], parts[1].Trim())]
                : throw DockerfileReader.ErrorAt(instruction.Line, $"{instruction.Name} must have two arguments");
        }

        return words.ConvertAll(word => word.IndexOf('=') switch
        {
            < 0 => throw DockerfileReader.ErrorAt(
                instruction.Line, $"Syntax error - can't find = in \"{word}\". Must be of the form: name=value"),
            0 => throw EngineException.BadRequest($"{instruction.Name} names can not be blank"),
            var equals => KeyValuePair.Create(word[..equals], word[(equals + 1)..]),
        });
    }

    /// <summary>The exec form: a JSON array of strings; null if it is not one, which makes it the shell form.</summary>
    public static List<string>? Json(string arguments)
    {
        if (!arguments.StartsWith('['))
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(arguments);
            return document.RootElement.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
                ? [.. document.RootElement.EnumerateArray().Select(item => item.GetString()!)]
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The exec form, or words.</summary>
    public static List<string> JsonOrSplit(Instruction instruction, char escape) => Json(instruction.Arguments) ?? Split(instruction.Arguments, escape);
}

using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Swarm.Api.Http;

/// <summary>Why a body was refused, in the words of Go's encoding/json, which Docker passes on.</summary>
internal static class JsonRefusal
{
    private const string Trailing = "after top-level value";

    /// <summary>Of a request's body.</summary>
    internal static string Explain<T>(ReadOnlyMemory<byte> body, JsonException e, JsonTypeInfo<T> type) =>
        Complaint(body, e, type) is var complaint && complaint.EndsWith(Trailing, StringComparison.Ordinal) ? "unexpected content after JSON" : $"invalid JSON: {complaint}";

    /// <summary>Of any text.</summary>
    internal static string Complaint<T>(ReadOnlyMemory<byte> text, JsonException e, JsonTypeInfo<T> type)
    {
        if (GoJsonSyntax.Complaint(text.Span, out var end) is { } complaint)
        {
            return complaint;
        }

        return After(text, end) is { } after ? $"invalid character '{after}' {Trailing}" : WrongType(text[..end], e, type);
    }

    /// <summary>The first character after the first value, if there is one.</summary>
    private static char? After(ReadOnlyMemory<byte> text, int end) =>
        text.Span[end..].IndexOfAnyExcept(" \t\r\n"u8) is >= 0 and var at ? (char)text.Span[end + at] : null;

    private static string WrongType(ReadOnlyMemory<byte> body, JsonException e, JsonTypeInfo type)
    {
        using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = GoJsonSyntax.MaxDepth + 1 });
        var names = Names(e.Path);
        var value = document.RootElement;
        var (owner, wanted) = (type, type);
        var field = new List<string>();
        foreach (var name in names)
        {
            if (name.StartsWith('['))
            {
                value = value.ValueKind == JsonValueKind.Array && int.TryParse(name.AsSpan(1, name.Length - 2), out var index) && index < value.GetArrayLength()
                    ? value[index]
                    : value;
                wanted = ElementOf(wanted) ?? wanted;
                continue;
            }

            if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var member))
            {
                value = member;
            }

            if (wanted.Kind == JsonTypeInfoKind.Dictionary)
            {
                wanted = ElementOf(wanted) ?? wanted;
                continue;
            }

            var property = wanted.Properties.FirstOrDefault(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
            if (property is null)
            {
                break;
            }

            owner = wanted;
            field.Add(property.Name);
            wanted = wanted.Options.GetTypeInfo(property.PropertyType);
        }

        return field.Count == 0
            ? $"json: cannot unmarshal {Describe(value)} into Go value of type {GoTypes.Name(wanted)}"
            : $"json: cannot unmarshal {Describe(value)} into Go struct field {owner.Type.Name}.{string.Join('.', field)} of type {GoTypes.Name(wanted)}";
    }

    /// <summary>$.A.B[0]['c d'] in its parts: A, B, [0], c d.</summary>
    private static List<string> Names(string? path)
    {
        var names = new List<string>();
        var rest = (path ?? "$").AsSpan(1);
        while (!rest.IsEmpty)
        {
            if (rest.StartsWith("['") && rest.IndexOf("']") is > 0 and var close)
            {
                names.Add(rest[2..close].ToString());
                rest = rest[(close + 2)..];
            }
            else if (rest[0] == '[' && rest.IndexOf(']') is > 0 and var end)
            {
                names.Add(rest[..(end + 1)].ToString());
                rest = rest[(end + 1)..];
            }
            else
            {
                rest = rest[1..];
                var length = rest.IndexOfAny('.', '[') is >= 0 and var next ? next : rest.Length;
                names.Add(rest[..length].ToString());
                rest = rest[length..];
            }
        }

        return names;
    }

    private static JsonTypeInfo? ElementOf(JsonTypeInfo type) => type.ElementType is { } element ? type.Options.GetTypeInfo(element) : null;

    private static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => $"number {value.GetRawText()}",
        JsonValueKind.String => "string",
        JsonValueKind.True or JsonValueKind.False => "bool",
        JsonValueKind.Array => "array",
        JsonValueKind.Object => "object",
        _ => "null",
    };
}

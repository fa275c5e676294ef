using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Swarm.Commands.Text;

/// <summary>`inspect` prints an array, indented by four, as docker does.</summary>
internal static class InspectJson
{
    public static string Array<T>(IEnumerable<T> values, JsonTypeInfo<T> type)
    {
        using var buffer = new MemoryStream();
        var options = new JsonWriterOptions { Indented = true, IndentSize = 4, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(buffer, options))
        {
            json.WriteStartArray();
            foreach (var value in values)
            {
                JsonSerializer.Serialize(json, value, type);
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}

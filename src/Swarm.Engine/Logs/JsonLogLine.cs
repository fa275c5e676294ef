using System.Text.Json;

namespace Swarm.Engine.Logs;

/// <summary>Reads one record of a json-file log.</summary>
internal static class JsonLogLine
{
    /// <summary>Null if the line is not a whole record, as after a power cut.</summary>
    public static LogLine? Parse(ReadOnlySpan<byte> json)
    {
        byte[] text = [], time = [], attributes = [];
        var stderr = false;
        DateTimeOffset at = default;
        var reader = new Utf8JsonReader(json);
        try
        {
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("log"u8))
                {
                    reader.Read();
                    text = new byte[reader.ValueSpan.Length];
                    text = text[..reader.CopyString(text)];
                }
                else if (reader.ValueTextEquals("stream"u8))
                {
                    reader.Read();
                    stderr = reader.ValueTextEquals("stderr"u8);
                }
                else if (reader.ValueTextEquals("attrs"u8))
                {
                    reader.Read();
                    var start = (int)reader.TokenStartIndex;
                    reader.Skip();
                    attributes = json[start..(int)reader.BytesConsumed].ToArray();
                }
                else if (reader.ValueTextEquals("time"u8))
                {
                    reader.Read();
                    time = reader.ValueSpan.ToArray();
                    at = reader.GetDateTimeOffset();
                }
                else
                {
                    reader.Read();
                    reader.Skip();
                }
            }
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }

        return new LogLine(stderr, at, time, text) { Attributes = attributes };
    }
}

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Swarm.Engine;

/// <summary>Times as Go writes them (RFC3339Nano): of UTC with a Z, without zeros at the end. Any offset is read.</summary>
public sealed class GoTime : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture));
}

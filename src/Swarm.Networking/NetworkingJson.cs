using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Swarm.Networking.Bridge;
using Swarm.Networking.Networks;

namespace Swarm.Networking;

/// <summary>What this room keeps in files.</summary>
[JsonSourceGenerationOptions(Converters = [typeof(AddressConverter), typeof(SubnetConverter)], DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ContainerSandbox))]
[JsonSerializable(typeof(NetworkRecord))]
internal sealed partial class NetworkingJson : JsonSerializerContext;

internal sealed class AddressConverter : JsonConverter<IPAddress>
{
    public override IPAddress Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        IPAddress.TryParse(reader.GetString(), out var address) ? address : throw new JsonException("not an address");

    public override void Write(Utf8JsonWriter writer, IPAddress value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

internal sealed class SubnetConverter : JsonConverter<IPNetwork>
{
    public override IPNetwork Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        IPNetwork.TryParse(reader.GetString(), out var network) ? network : throw new JsonException("not a network");

    public override void Write(Utf8JsonWriter writer, IPNetwork value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

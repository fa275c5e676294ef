using System.Text.Json.Serialization;

namespace Swarm.Api.Http;

internal sealed record ErrorResponse([property: JsonPropertyName("message")] string Message);

[JsonSerializable(typeof(ErrorResponse))]
[JsonSerializable(typeof(Dictionary<string, List<string>>))]
[JsonSerializable(typeof(Dictionary<string, Dictionary<string, bool>>))]
internal sealed partial class HttpJson : JsonSerializerContext;

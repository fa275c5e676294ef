using System.Text.Json.Serialization;

namespace Swarm.Manager.Certificates;

/// <summary>CFSSL's sign request (doc/api/endpoint_sign.txt of cloudflare/cfssl).</summary>
internal sealed record CfsslRequest(
    [property: JsonPropertyName("certificate_request")] string Request,
    [property: JsonPropertyName("hosts")] IReadOnlyList<string> Hosts,
    [property: JsonPropertyName("subject")] CfsslSubject? Subject,
    [property: JsonPropertyName("profile")] string? Profile);

internal sealed record CfsslSubject(
    [property: JsonPropertyName("CN")] string CommonName,
    [property: JsonPropertyName("names")] IReadOnlyList<CfsslName> Names);

internal sealed record CfsslName(
    [property: JsonPropertyName("OU")] string Unit,
    [property: JsonPropertyName("O")] string Organization);

internal sealed record CfsslAnswer
{
    [JsonPropertyName("success")] public bool Success { get; set; }
    [JsonPropertyName("result")] public CfsslResult? Result { get; set; }
    [JsonPropertyName("errors")] public IReadOnlyList<CfsslError>? Errors { get; set; }
}

internal sealed record CfsslResult
{
    [JsonPropertyName("certificate")] public string? Certificate { get; set; }
}

internal sealed record CfsslError
{
    [JsonPropertyName("code")] public int Code { get; set; }
    [JsonPropertyName("message")] public string? Message { get; set; }
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CfsslRequest))]
[JsonSerializable(typeof(CfsslAnswer))]
internal sealed partial class CfsslJson : JsonSerializerContext;

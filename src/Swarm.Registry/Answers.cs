using System.Text.Json.Serialization;

namespace Swarm.Registry;

/// <summary>Answer of a token server (Docker Registry v2 authentication specification).</summary>
internal sealed record TokenAnswer
{
    [JsonPropertyName("token")]
    public string? Token { get; init; }

    [JsonPropertyName("access_token")]
    public string? AccessToken { get; init; }

    [JsonPropertyName("refresh_token")]
    public string? RefreshToken { get; init; }

    public override string ToString() => nameof(TokenAnswer);
}

/// <summary>Body of a registry's refusal (OCI distribution-spec, "Error Codes").</summary>
internal sealed record ErrorAnswer
{
    [JsonPropertyName("errors")]
    public List<ErrorDetail>? Errors { get; init; }
}

internal sealed record ErrorDetail
{
    [JsonPropertyName("code")]
    public string? Code { get; init; }

    [JsonPropertyName("message")]
    public string? Message { get; init; }
}

/// <summary>A page of tags/list.</summary>
internal sealed record TagAnswer
{
    [JsonPropertyName("tags")]
    public List<string>? Tags { get; init; }
}

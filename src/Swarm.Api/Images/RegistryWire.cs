using System.Text.Json.Serialization;

namespace Swarm.Api.Images;

/// <summary>AuthConfig: the body of POST /auth. Never printed.</summary>
public sealed record AuthRequest
{
    [JsonPropertyName("username")]
    public string? Username { get; set; }

    [JsonPropertyName("password")]
    public string? Password { get; set; }

    [JsonPropertyName("email")]
    public string? Email { get; set; }

    [JsonPropertyName("serveraddress")]
    public string? ServerAddress { get; set; }

    [JsonPropertyName("identitytoken")]
    public string? IdentityToken { get; set; }

    public override string ToString() => nameof(AuthRequest);
}

/// <param name="IdentityToken">To be kept instead of the password; empty: the registry gives none.</param>
internal sealed record AuthAnswer(string Status, string IdentityToken)
{
    public override string ToString() => nameof(AuthAnswer);
}

internal sealed record DistributionAnswer
{
    public required DistributionDescriptor Descriptor { get; init; }
    public required IReadOnlyList<DistributionPlatform> Platforms { get; init; }
}

internal sealed record DistributionDescriptor
{
    [JsonPropertyName("mediaType")]
    public required string MediaType { get; init; }

    [JsonPropertyName("digest")]
    public required string Digest { get; init; }

    [JsonPropertyName("size")]
    public required long Size { get; init; }
}

internal sealed record DistributionPlatform
{
    [JsonPropertyName("architecture")]
    public required string Architecture { get; init; }

    [JsonPropertyName("os")]
    public required string Os { get; init; }

    [JsonPropertyName("variant")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Variant { get; init; }
}

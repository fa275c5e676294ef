using System.Text.Json.Serialization;

namespace Swarm.Api.Authorization;

/// <summary>What an authorization plugin is asked (docs.docker.com, "Access authorization plugin"): before the request is served, and again before it is answered.</summary>
internal sealed record AuthorizationQuestion
{
    /// <summary>The common name of the client's certificate; empty: there is none.</summary>
    public string User { get; init; } = "";

    /// <summary>TLS, or empty.</summary>
    public string UserAuthNMethod { get; init; } = "";
    public required string RequestMethod { get; init; }
    public required string RequestUri { get; init; }
    public IReadOnlyDictionary<string, string> RequestHeaders { get; init; } = new Dictionary<string, string>();

    /// <summary>Only JSON of bounded size.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public byte[]? RequestBody { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int ResponseStatusCode { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public byte[]? ResponseBody { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? ResponseHeaders { get; init; }
}

internal sealed record AuthorizationVerdict
{
    public bool Allow { get; init; }
    public string? Msg { get; init; }
    public string? Err { get; init; }
}

internal sealed record PluginManifest
{
    public IReadOnlyList<string>? Implements { get; init; }
}

internal sealed record PluginAddress
{
    public string? Addr { get; init; }
}

[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(AuthorizationQuestion))]
[JsonSerializable(typeof(AuthorizationVerdict))]
[JsonSerializable(typeof(PluginManifest))]
[JsonSerializable(typeof(PluginAddress))]
internal sealed partial class PluginJson : JsonSerializerContext;

using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Swarm.Registry;

namespace Swarm.Engine.Images;

/// <summary>An image's configuration (OCI image-spec, config.md; Docker's has a few fields more). Its digest is the image's id.</summary>
internal sealed record ImageConfigDocument
{
    /// <summary>Bytes of a configuration.</summary>
    public const int MaxSize = 8 << 20;

    [JsonPropertyName("architecture")]
    public string? Architecture { get; init; }

    [JsonPropertyName("variant")]
    public string? Variant { get; init; }

    [JsonPropertyName("os")]
    public string? Os { get; init; }

    [JsonPropertyName("created")]
    public DateTimeOffset? Created { get; init; }

    [JsonPropertyName("author")]
    public string? Author { get; init; }

    [JsonPropertyName("comment")]
    public string? Comment { get; init; }

    [JsonPropertyName("docker_version")]
    public string? DockerVersion { get; init; }

    [JsonPropertyName("config")]
    public JsonElement Config { get; init; }

    [JsonPropertyName("rootfs")]
    public RootFsSection? RootFs { get; init; }

    [JsonPropertyName("history")]
    public List<HistorySection>? History { get; init; }

    [JsonIgnore]
    public IReadOnlyList<Digest> DiffIds => [.. (RootFs?.DiffIds ?? []).Select(Digest.Parse)];

    /// <exception cref="InvalidDataException">Not an image configuration.</exception>
    public static ImageConfigDocument Parse(ReadOnlySpan<byte> content)
    {
        try
        {
            var document = JsonSerializer.Deserialize(content, ImageJson.Default.ImageConfigDocument);
            return document is { RootFs.Type: "layers" }
                ? document
                : throw new InvalidDataException("invalid image configuration: it has no rootfs of layers");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"invalid image configuration: {e.Message}", e);
        }
    }

    /// <summary>The part that containers inherit.</summary>
    public ImageConfig ToConfig()
    {
        var section = Config.ValueKind == JsonValueKind.Object ? Config.Deserialize(ImageJson.Default.ConfigSection) ?? new ConfigSection() : new ConfigSection();
        return new ImageConfig
        {
            Entrypoint = [.. section.Entrypoint ?? []],
            Cmd = [.. section.Cmd ?? []],
            Env = [.. section.Env ?? []],
            WorkingDir = section.WorkingDir ?? "",
            User = section.User ?? "",
            StopSignal = section.StopSignal ?? "",
            Labels = (section.Labels ?? []).ToImmutableSortedDictionary(StringComparer.Ordinal),
            ExposedPorts = [.. (section.ExposedPorts ?? []).Keys],
            Volumes = [.. (section.Volumes ?? []).Keys],
        };
    }
}

internal sealed record RootFsSection
{
    [JsonPropertyName("type")]
    public string? Type { get; init; }

    [JsonPropertyName("diff_ids")]
    public List<string>? DiffIds { get; init; }
}

internal sealed record HistorySection
{
    [JsonPropertyName("created")]
    public DateTimeOffset? Created { get; init; }

    [JsonPropertyName("created_by")]
    public string? CreatedBy { get; init; }

    [JsonPropertyName("comment")]
    public string? Comment { get; init; }

    [JsonPropertyName("empty_layer")]
    public bool EmptyLayer { get; init; }
}

internal sealed record ConfigSection
{
    public List<string>? Entrypoint { get; init; }
    public List<string>? Cmd { get; init; }
    public List<string>? Env { get; init; }
    public string? WorkingDir { get; init; }
    public string? User { get; init; }
    public string? StopSignal { get; init; }
    public Dictionary<string, string>? Labels { get; init; }
    public Dictionary<string, JsonElement>? ExposedPorts { get; init; }
    public Dictionary<string, JsonElement>? Volumes { get; init; }
}

/// <summary>images.json: which images and names this node has. The rest is in blobs.</summary>
internal sealed record IndexFile
{
    public List<IndexImage> Images { get; init; } = [];

    /// <summary>docker.io/library/busybox:latest, or ...@sha256:..., to the image's id.</summary>
    public SortedDictionary<string, string> References { get; init; } = new(StringComparer.Ordinal);
}

internal sealed record IndexImage(string Id, string Manifest, DateTimeOffset? Tagged);

/// <summary>An entry of manifest.json in `docker save` archives.</summary>
internal sealed record ArchiveImage
{
    public string Config { get; init; } = "";
    public List<string>? RepoTags { get; init; }
    public List<string>? Layers { get; init; }
}

/// <summary>Docker's X-Registry-Auth.</summary>
internal sealed record AuthHeader
{
    [JsonPropertyName("username")]
    public string? Username { get; init; }

    [JsonPropertyName("password")]
    public string? Password { get; init; }

    [JsonPropertyName("auth")]
    public string? Auth { get; init; }

    [JsonPropertyName("identitytoken")]
    public string? IdentityToken { get; init; }

    [JsonPropertyName("registrytoken")]
    public string? RegistryToken { get; init; }

    public override string ToString() => nameof(AuthHeader);
}

/// <summary>oci-layout of archives (OCI image-spec, image-layout.md).</summary>
internal sealed record LayoutMarker([property: JsonPropertyName("imageLayoutVersion")] string Version);

[JsonSerializable(typeof(ImageConfigDocument))]
[JsonSerializable(typeof(ConfigSection))]
[JsonSerializable(typeof(IndexFile))]
[JsonSerializable(typeof(List<ArchiveImage>))]
[JsonSerializable(typeof(AuthHeader))]
[JsonSerializable(typeof(LayoutMarker))]
internal sealed partial class ImageJson : JsonSerializerContext;

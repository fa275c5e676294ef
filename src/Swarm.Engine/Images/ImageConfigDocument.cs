using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Swarm.Engine.Containers.Wire;
using Swarm.Registry;

namespace Swarm.Engine.Images;

// `set`, not `init`: see Swarm.Registry/Manifest.cs.

/// <summary>An image's configuration (OCI image-spec, config.md; Docker's has a few fields more). Its digest is the image's id.</summary>
internal sealed record ImageConfigDocument
{
    /// <summary>Bytes of a configuration.</summary>
    public const int MaxSize = 8 << 20;

    [JsonPropertyName("architecture")]
    public string? Architecture { get; set; }

    [JsonPropertyName("variant")]
    public string? Variant { get; set; }

    [JsonPropertyName("os")]
    public string? Os { get; set; }

    [JsonPropertyName("created")]
    [JsonConverter(typeof(GoTime))]
    public DateTimeOffset? Created { get; set; }

    [JsonPropertyName("author")]
    public string? Author { get; set; }

    [JsonPropertyName("comment")]
    public string? Comment { get; set; }

    [JsonPropertyName("docker_version")]
    public string? DockerVersion { get; set; }

    [JsonPropertyName("config")]
    public JsonElement Config { get; set; }

    [JsonPropertyName("rootfs")]
    public RootFsSection? RootFs { get; set; }

    [JsonPropertyName("history")]
    public List<HistorySection>? History { get; set; }

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
            Entrypoint = Words(section.Entrypoint),
            Cmd = Words(section.Cmd),
            Env = Words(section.Env),
            WorkingDir = section.WorkingDir ?? "",
            User = section.User ?? "",
            StopSignal = section.StopSignal ?? "",
            Labels = (section.Labels ?? []).ToImmutableSortedDictionary(pair => pair.Key, pair => pair.Value ?? "", StringComparer.Ordinal),
            ExposedPorts = [.. (section.ExposedPorts ?? []).Keys],
            Volumes = [.. (section.Volumes ?? []).Keys],
            Healthcheck = section.Healthcheck,
            Shell = Words(section.Shell),
        };
    }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, ImageWriteJson.Default.ImageConfigDocument);

    private static ImmutableArray<string> Words(List<string>? words) => [.. (words ?? []).OfType<string>()];
}

internal sealed record RootFsSection
{
    [JsonPropertyName("type")]
    public string? Type { get; set; }

    [JsonPropertyName("diff_ids")]
    public List<string>? DiffIds { get; set; }
}

internal sealed record HistorySection
{
    [JsonPropertyName("created")]
    [JsonConverter(typeof(GoTime))]
    public DateTimeOffset? Created { get; set; }

    [JsonPropertyName("created_by")]
    public string? CreatedBy { get; set; }

    [JsonPropertyName("comment")]
    public string? Comment { get; set; }

    [JsonPropertyName("author")]
    public string? Author { get; set; }

    [JsonPropertyName("empty_layer")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool EmptyLayer { get; set; }
}

internal sealed record ConfigSection
{
    public List<string>? Entrypoint { get; set; }
    public List<string>? Cmd { get; set; }
    public List<string>? Env { get; set; }
    public string? WorkingDir { get; set; }
    public string? User { get; set; }
    public string? StopSignal { get; set; }
    public Dictionary<string, string>? Labels { get; set; }
    public Dictionary<string, JsonElement>? ExposedPorts { get; set; }
    public Dictionary<string, JsonElement>? Volumes { get; set; }
    public HealthConfig? Healthcheck { get; set; }
    public List<string>? Shell { get; set; }
}

/// <summary>images.json: which images and names this node has. The rest is in blobs.</summary>
internal sealed record IndexFile
{
    public List<IndexImage> Images { get; set; } = [];

    /// <summary>docker.io/library/busybox:latest, or ...@sha256:..., to the image's id.</summary>
    public SortedDictionary<string, string> References { get; set; } = new(StringComparer.Ordinal);
}

internal sealed record IndexImage(string Id, string Manifest, DateTimeOffset? Tagged, string? Parent = null);

/// <summary>An entry of manifest.json in `docker save` archives.</summary>
internal sealed record ArchiveImage
{
    public string Config { get; set; } = "";
    public List<string>? RepoTags { get; set; }
    public List<string>? Layers { get; set; }
}

/// <summary>Docker's X-Registry-Auth.</summary>
internal sealed record AuthHeader
{
    [JsonPropertyName("username")]
    public string? Username { get; set; }

    [JsonPropertyName("password")]
    public string? Password { get; set; }

    [JsonPropertyName("auth")]
    public string? Auth { get; set; }

    [JsonPropertyName("identitytoken")]
    public string? IdentityToken { get; set; }

    [JsonPropertyName("registrytoken")]
    public string? RegistryToken { get; set; }

    public override string ToString() => nameof(AuthHeader);
}

/// <summary>oci-layout of archives (OCI image-spec, image-layout.md).</summary>
internal sealed record LayoutMarker([property: JsonPropertyName("imageLayoutVersion")] string Version);

[JsonSourceGenerationOptions(RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ImageConfigDocument))]
[JsonSerializable(typeof(ConfigSection))]
[JsonSerializable(typeof(IndexFile))]
[JsonSerializable(typeof(List<ArchiveImage>))]
[JsonSerializable(typeof(AuthHeader))]
[JsonSerializable(typeof(LayoutMarker))]
internal sealed partial class ImageJson : JsonSerializerContext;

/// <summary>Configurations as this engine writes them: without what is not there.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ImageConfigDocument))]
[JsonSerializable(typeof(ContainerConfig))]
internal sealed partial class ImageWriteJson : JsonSerializerContext;

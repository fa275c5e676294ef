using System.Text.Json;
using System.Text.Json.Serialization;

namespace Swarm.Registry;

/// <summary>Media types of images: OCI image-spec, and Docker's "Image Manifest Version 2, Schema 2".</summary>
public static class MediaTypes
{
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    public const string OciConfig = "application/vnd.oci.image.config.v1+json";
    public const string OciLayer = "application/vnd.oci.image.layer.v1.tar";
    public const string OciLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
    public const string OciLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd";
    public const string DockerList = "application/vnd.docker.distribution.manifest.list.v2+json";
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";

    public static bool IsIndex(string type) => type is OciIndex or DockerList;

    public static bool IsManifest(string type) => type is OciManifest or DockerManifest;
}

// What is read from JSON below has `set`, not `init`: the source generator gives an init-only member that the document lacks its type's default
// instead of the value written here.

/// <summary>A pointer to a blob (OCI image-spec, descriptor.md).</summary>
public sealed record Descriptor
{
    [JsonPropertyName("mediaType")]
    public string MediaType { get; set; } = "";

    [JsonPropertyName("digest")]
    public string Digest { get; set; } = "";

    /// <summary>Bytes.</summary>
    [JsonPropertyName("size")]
    public long Size { get; set; }

    [JsonPropertyName("platform")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Platform? Platform { get; set; }

    [JsonPropertyName("annotations")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Dictionary<string, string>? Annotations { get; set; }
}

public sealed record Platform
{
    [JsonPropertyName("architecture")]
    public string Architecture { get; set; } = "";

    [JsonPropertyName("os")]
    public string Os { get; set; } = "";

    [JsonPropertyName("variant")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Variant { get; set; }
}

/// <summary>A manifest or an index of manifests: whichever its media type says.</summary>
public sealed record Manifest
{
    /// <summary>Bytes of a manifest (distribution-spec asks registries for four megabytes).</summary>
    public const int MaxSize = 4 << 20;

    public const int MaxLayers = 500;

    [JsonPropertyName("schemaVersion")]
    public int SchemaVersion { get; set; }

    [JsonPropertyName("mediaType")]
    public string MediaType { get; set; } = "";

    [JsonPropertyName("config")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Descriptor? Config { get; set; }

    [JsonPropertyName("layers")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public List<Descriptor>? Layers { get; set; }

    [JsonPropertyName("manifests")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public List<Descriptor>? Manifests { get; set; }

    [JsonPropertyName("annotations")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Dictionary<string, string>? Annotations { get; set; }

    [JsonIgnore]
    public bool IsIndex => MediaTypes.IsIndex(MediaType) || (MediaType.Length == 0 && Manifests is not null);

    /// <param name="mediaType">Of the HTTP answer or descriptor; OCI documents need not carry their own.</param>
    /// <exception cref="InvalidDataException">Not a manifest that this engine understands.</exception>
    public static Manifest Parse(ReadOnlySpan<byte> content, string mediaType = "")
    {
        Manifest? manifest;
        try
        {
            manifest = JsonSerializer.Deserialize(content, RegistryJson.Default.Manifest);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"invalid manifest: {e.Message}", e);
        }

        if (manifest is not { SchemaVersion: 2 })
        {
            throw new InvalidDataException("unsupported manifest: only schema version 2 is, push the image again with a newer client");
        }

        if (manifest.MediaType.Length == 0)
        {
            manifest = manifest with { MediaType = mediaType };
        }

        if (manifest.Layers?.Contains(null!) == true || manifest.Manifests?.Contains(null!) == true)
        {
            throw new InvalidDataException("invalid manifest: a descriptor is null");
        }

        // A document that is both would be read one way here and another way elsewhere (CVE-2021-41190).
        if (manifest.Manifests is not null && (manifest.Layers is not null || manifest.Config is not null))
        {
            throw new InvalidDataException("invalid manifest: it is an index and an image at once");
        }

        if (!manifest.IsIndex && (manifest.Config is null || manifest.Layers is null or { Count: > MaxLayers }))
        {
            throw new InvalidDataException($"invalid manifest: it needs a configuration and at most {MaxLayers} layers");
        }

        return manifest;
    }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, RegistryJson.Default.Manifest);

    /// <summary>The entry of an index for a platform; null if it has none.</summary>
    /// <param name="variant">Empty: any.</param>
    public Descriptor? For(string os, string architecture, string variant = "") => Manifests?.Find(entry =>
        entry.Platform is { } platform && platform.Os == os && platform.Architecture == architecture
        && (variant.Length == 0 || string.IsNullOrEmpty(platform.Variant) || platform.Variant == variant));
}

[JsonSourceGenerationOptions(AllowDuplicateProperties = false, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(Manifest))]
[JsonSerializable(typeof(TokenAnswer))]
[JsonSerializable(typeof(ErrorAnswer))]
[JsonSerializable(typeof(TagAnswer))]
internal sealed partial class RegistryJson : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Serialization;
using Swarm.Engine;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Images;

namespace Swarm.Api.Images;

/// <summary>ImageSummary of the API description.</summary>
public sealed record ImageSummary
{
    public required string Id { get; init; }
    public string ParentId { get; init; } = "";
    public required IReadOnlyList<string> RepoTags { get; init; }
    public required IReadOnlyList<string> RepoDigests { get; init; }
    public long Created { get; init; }
    public long Size { get; init; }

    /// <summary>-1: not calculated.</summary>
    public long SharedSize { get; init; } = -1;
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>-1: not calculated.</summary>
    public long Containers { get; init; } = -1;
}

/// <summary>ImageInspect.</summary>
internal sealed record ImageInspect
{
    public required string Id { get; init; }
    public required IReadOnlyList<string> RepoTags { get; init; }
    public required IReadOnlyList<string> RepoDigests { get; init; }
    public string Parent { get; init; } = "";
    public string Comment { get; init; } = "";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonConverter(typeof(GoTime))]
    public DateTimeOffset? Created { get; init; }
    public string DockerVersion { get; init; } = "";
    public string Author { get; init; } = "";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Config { get; init; }
    public string Architecture { get; init; } = "";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Variant { get; init; }
    public string Os { get; init; } = "";
    public long Size { get; init; }
    public required GraphDriver GraphDriver { get; init; }

    [JsonPropertyName("RootFS")]
    public required RootFs RootFs { get; init; }
    public required ImageMetadata Metadata { get; init; }
}

internal sealed record RootFs(string Type, IReadOnlyList<string> Layers);

internal sealed record ImageMetadata(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), JsonConverter(typeof(GoTime))] DateTimeOffset? LastTagTime);

internal sealed record HistoryItem(string Id, long Created, string CreatedBy, IReadOnlyList<string>? Tags, long Size, string Comment);

internal sealed record ImageDeleteItem(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Untagged,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Deleted)
{
    public static List<ImageDeleteItem> Of(IEnumerable<ImageDeletion> deletions) =>
        [.. deletions.Select(deletion => new ImageDeleteItem(deletion.Untagged, deletion.Deleted))];
}

internal sealed record PruneAnswer(List<ImageDeleteItem>? ImagesDeleted, long SpaceReclaimed);

/// <summary>One line of a progress stream, as Docker's jsonmessage.</summary>
internal sealed record ProgressLine
{
    [JsonPropertyName("stream")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Stream { get; init; }

    [JsonPropertyName("status")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Status { get; init; }

    [JsonPropertyName("progressDetail")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ProgressDetail? Detail { get; init; }

    [JsonPropertyName("id")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Id { get; init; }

    [JsonPropertyName("aux")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ProgressAux? Aux { get; init; }

    [JsonPropertyName("errorDetail")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ErrorDetail? ErrorDetail { get; init; }

    [JsonPropertyName("error")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Error { get; init; }

    public static ProgressLine Of(PullProgress step) => new()
    {
        Status = step.Status,
        Id = step.Id.Length > 0 ? step.Id : null,
        Detail = step.Id.Length > 0 ? new ProgressDetail(step.Current, step.Total) : null,
    };

    public static ProgressLine Failure(string message, int code = 0) => new() { ErrorDetail = new ErrorDetail(message, code), Error = message };
}

internal sealed record ProgressDetail(
    [property: JsonPropertyName("current"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Current,
    [property: JsonPropertyName("total"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Total);

internal sealed record ErrorDetail(
    [property: JsonPropertyName("message")] string Message,
    [property: JsonPropertyName("code"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int Code = 0);

/// <summary>What programs read of a stream: a build's image, or what a push made.</summary>
internal sealed record ProgressAux
{
    [JsonPropertyName("ID")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Id { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Tag { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Digest { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Size { get; init; }
}

[JsonSerializable(typeof(List<ImageSummary>))]
[JsonSerializable(typeof(ImageInspect))]
[JsonSerializable(typeof(System.Text.Json.Nodes.JsonObject))]
[JsonSerializable(typeof(List<HistoryItem>))]
[JsonSerializable(typeof(List<ImageDeleteItem>))]
[JsonSerializable(typeof(PruneAnswer))]
[JsonSerializable(typeof(ProgressLine))]
[JsonSerializable(typeof(AuthRequest))]
[JsonSerializable(typeof(AuthAnswer))]
[JsonSerializable(typeof(DistributionAnswer))]
internal sealed partial class ImageWireJson : JsonSerializerContext;

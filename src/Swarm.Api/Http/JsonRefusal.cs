using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Swarm.Api.Http;

/// <summary>Why a body was refused, in the words of Go's encoding/json, which Docker passes on.</summary>
internal static class JsonRefusal
{
    internal static string Explain<T>(ReadOnlyMemory<byte> body, JsonException e, JsonTypeInfo<T> type) => $"invalid JSON: {e.Message}";
}

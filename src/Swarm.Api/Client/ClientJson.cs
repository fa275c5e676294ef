using System.Text.Json.Serialization;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Api.Client;

/// <summary>What only a client reads or writes of the engine's own types; see <see cref="Wire.SwarmJson"/> for the cluster's.</summary>
[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IReadOnlyList<ContainerSummary>))]
[JsonSerializable(typeof(ContainerCreateRequest))]
[JsonSerializable(typeof(ContainerCreated))]
[JsonSerializable(typeof(ContainerWaited))]
[JsonSerializable(typeof(Wire.SystemInfo))]
[JsonSerializable(typeof(Wire.SystemVersion))]
internal sealed partial class ClientJson : JsonSerializerContext;

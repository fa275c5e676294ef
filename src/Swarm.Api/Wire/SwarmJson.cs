using System.Text.Json;
using System.Text.Json.Serialization;

namespace Swarm.Api.Wire;

/// <summary>Go matches field names without regard to case, and passes over fields that it does not know.</summary>
[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ServiceSpec))]
[JsonSerializable(typeof(Service))]
[JsonSerializable(typeof(IReadOnlyList<Service>))]
[JsonSerializable(typeof(ServiceCreateResponse))]
[JsonSerializable(typeof(ServiceUpdateResponse))]
[JsonSerializable(typeof(ServiceRebalanceResponse))]
[JsonSerializable(typeof(TaskInspect))]
[JsonSerializable(typeof(IReadOnlyList<TaskInspect>))]
[JsonSerializable(typeof(NodeSpec))]
[JsonSerializable(typeof(Node))]
[JsonSerializable(typeof(IReadOnlyList<Node>))]
[JsonSerializable(typeof(ClusterInspect))]
[JsonSerializable(typeof(Spec))]
[JsonSerializable(typeof(InitRequest))]
[JsonSerializable(typeof(JoinRequest))]
[JsonSerializable(typeof(UnlockKeyResponse))]
[JsonSerializable(typeof(UnlockRequest))]
[JsonSerializable(typeof(ConsensusState))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(SecretInspect))]
[JsonSerializable(typeof(SecretSpec))]
[JsonSerializable(typeof(IReadOnlyList<SecretInspect>))]
[JsonSerializable(typeof(ConfigInspect))]
[JsonSerializable(typeof(ConfigSpec))]
[JsonSerializable(typeof(IReadOnlyList<ConfigInspect>))]
[JsonSerializable(typeof(IDResponse))]
public sealed partial class SwarmJson : JsonSerializerContext;

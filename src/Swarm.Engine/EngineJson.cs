using System.Text.Json.Serialization;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Events;
using Swarm.Engine.Exec;
using Swarm.Engine.Files;
using Swarm.Engine.Volumes;

namespace Swarm.Engine;

/// <summary>The engine's records as JSON: Docker's wire format, in which they are also kept on disk.</summary>
[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ContainerCreateRequest))]
[JsonSerializable(typeof(ContainerCreated))]
[JsonSerializable(typeof(ContainerInspect))]
[JsonSerializable(typeof(IReadOnlyList<ContainerSummary>))]
[JsonSerializable(typeof(ContainerWaited))]
[JsonSerializable(typeof(ContainerTop))]
[JsonSerializable(typeof(ContainersPruned))]
[JsonSerializable(typeof(ContainerUpdated))]
[JsonSerializable(typeof(ContainerConfig))]
[JsonSerializable(typeof(HostConfig))]
[JsonSerializable(typeof(PathStat))]
[JsonSerializable(typeof(IReadOnlyList<FileSystemChange>))]
[JsonSerializable(typeof(ContainerRecord))]
[JsonSerializable(typeof(ContainerState))]
[JsonSerializable(typeof(EngineEvent))]
[JsonSerializable(typeof(VolumeCreateRequest))]
[JsonSerializable(typeof(VolumeView))]
[JsonSerializable(typeof(VolumeList))]
[JsonSerializable(typeof(VolumesPruned))]
[JsonSerializable(typeof(VolumeRecord))]
[JsonSerializable(typeof(ExecCreateRequest))]
[JsonSerializable(typeof(ExecStartRequest))]
[JsonSerializable(typeof(ExecCreated))]
[JsonSerializable(typeof(ExecInspect))]
public sealed partial class EngineJson : JsonSerializerContext;

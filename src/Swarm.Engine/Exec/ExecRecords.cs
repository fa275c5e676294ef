using System.Text.Json.Serialization;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Exec;

/// <summary>The body of POST /containers/{id}/exec.</summary>
public sealed record ExecCreateRequest
{
    public bool AttachStdin { get; init; }
    public bool AttachStdout { get; init; }
    public bool AttachStderr { get; init; }
    public IReadOnlyList<int>? ConsoleSize { get; init; }
    public string? DetachKeys { get; init; }
    public bool Tty { get; init; }
    public IReadOnlyList<string>? Env { get; init; }

    [JsonConverter(typeof(TextOrListConverter))]
    public IReadOnlyList<string>? Cmd { get; init; }
    public bool Privileged { get; init; }
    public string? User { get; init; }
    public string? WorkingDir { get; init; }
}

/// <summary>The body of POST /exec/{id}/start.</summary>
public sealed record ExecStartRequest
{
    public bool Detach { get; init; }
    public bool Tty { get; init; }
    public IReadOnlyList<int>? ConsoleSize { get; init; }
}

public sealed record ExecCreated(string Id);

/// <summary>The answer of GET /exec/{id}/json.</summary>
public sealed record ExecInspect
{
    public required string ID { get; init; }
    public bool Running { get; init; }
    public int? ExitCode { get; init; }
    public required ExecProcessConfig ProcessConfig { get; init; }
    public bool OpenStdin { get; init; }
    public bool OpenStderr { get; init; }
    public bool OpenStdout { get; init; }
    public bool CanRemove { get; init; }
    public required string ContainerID { get; init; }

    /// <summary>Their bytes in base64; empty: the daemon's.</summary>
    public string DetachKeys { get; init; } = "";
    public int Pid { get; init; }
}

public sealed record ExecProcessConfig(bool tty, string entrypoint, IReadOnlyList<string> arguments, bool privileged, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? user);

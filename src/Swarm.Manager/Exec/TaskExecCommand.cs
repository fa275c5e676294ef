using System.Collections.Immutable;

namespace Swarm.Manager.Exec;

/// <summary>A command to run in a task's container.</summary>
public sealed record TaskExecCommand
{
    public required ImmutableArray<string> Arguments { get; init; }
    public ImmutableArray<string> Env { get; init; } = [];
    public string User { get; init; } = "";
    public string WorkingDir { get; init; } = "";
    public bool Tty { get; init; }
    public bool Privileged { get; init; }
    public bool Stdin { get; init; }
    public bool Stdout { get; init; } = true;
    public bool Stderr { get; init; } = true;
    public string DetachKeys { get; init; } = "";

    /// <summary>Rows and columns of the terminal; null: not known.</summary>
    public (int Rows, int Columns)? Size { get; init; }
}

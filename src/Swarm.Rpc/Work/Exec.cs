using System.Collections.Immutable;
using MessagePack;

namespace Swarm.Rpc.Work;

/// <summary>One of: the command (first, once), bytes for its standard input, the end of that, a new size of its terminal.</summary>
[MessagePackObject]
public sealed record ExecInput
{
    [Key(0)] public ExecCommand? Command { get; init; }
    [Key(1)] public byte[] Stdin { get; init; } = [];
    [Key(2)] public bool IsStdinOver { get; init; }
    [Key(3)] public TerminalSize? Size { get; init; }
}

[MessagePackObject]
public sealed record ExecCommand
{
    [Key(0)] public string TaskId { get; init; } = "";
    [Key(1)] public ImmutableArray<string> Arguments { get; init; } = [];
    [Key(2)] public ImmutableArray<string> Env { get; init; } = [];
    [Key(3)] public string User { get; init; } = "";
    [Key(4)] public string WorkingDir { get; init; } = "";
    [Key(5)] public bool Tty { get; init; }
    [Key(6)] public bool Privileged { get; init; }
    [Key(7)] public bool Stdin { get; init; }
    [Key(8)] public TerminalSize? Size { get; init; }
    [Key(9)] public string DetachKeys { get; init; } = "";
    [Key(10)] public bool Stdout { get; init; } = true;
    [Key(11)] public bool Stderr { get; init; } = true;
}

[MessagePackObject]
public sealed record TerminalSize
{
    [Key(0)] public int Rows { get; init; }
    [Key(1)] public int Columns { get; init; }
}

/// <summary>Bytes for the client, as the engine's own exec stream has them (raw from a terminal, else framed); at the end the exit code.</summary>
[MessagePackObject]
public sealed record ExecOutput
{
    [Key(0)] public byte[] Bytes { get; init; } = [];

    /// <summary>Set in the last message alone, if the command was run and has ended.</summary>
    [Key(1)] public int? ExitCode { get; init; }
    [Key(2)] public int Pid { get; init; }
}

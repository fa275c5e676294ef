namespace Swarm.Compose;

/// <summary>What a stack is read from.</summary>
public sealed record ComposeOptions
{
    /// <summary>Paths; `-` is <see cref="Input"/>. Each is merged over those before it.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    public required string StackName { get; init; }

    /// <summary>Files of variables instead of the project's `.env`.</summary>
    public IReadOnlyList<string> EnvironmentFiles { get; init; } = [];

    public IReadOnlySet<string> Profiles { get; init; } = new HashSet<string>();

    /// <summary>The caller's own variables, which count more than those of files.</summary>
    public required Func<string, string?> Variables { get; init; }

    public TextReader Input { get; init; } = TextReader.Null;

    /// <summary>Relative paths that the caller names are relative to it.</summary>
    public required string WorkingFolder { get; init; }
}

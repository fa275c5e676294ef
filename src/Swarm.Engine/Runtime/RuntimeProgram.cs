namespace Swarm.Engine.Runtime;

/// <summary>An OCI runtime that containers may name.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Arguments">Put before the runtime's own (Docker's runtimeArgs).</param>
public sealed record RuntimeProgram(string Path, IReadOnlyList<string> Arguments);

/// <param name="Commit">Of its source; empty: it does not say.</param>
public readonly record struct RuntimeVersion(string Version, string Commit);

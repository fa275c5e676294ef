namespace Swarm.Engine.Logs;

/// <param name="Tail">The last lines only; null: all.</param>
public sealed record LogRequest(bool Stdout, bool Stderr, bool Follow, bool Timestamps, DateTimeOffset? Since, DateTimeOffset? Until, int? Tail);

/// <param name="Text">With its line end, unless it is a piece of a longer line.</param>
public readonly record struct LogLine(bool IsStderr, DateTimeOffset Time, ReadOnlyMemory<byte> TimeText, ReadOnlyMemory<byte> Text);

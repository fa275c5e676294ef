namespace Swarm.Manager.Logs;

/// <param name="Follow">Go on with what is written later, also by tasks that do not run yet.</param>
/// <param name="Tail">The last lines of each task only; null: all.</param>
public sealed record TaskLogOptions(bool Stdout, bool Stderr, bool Follow, DateTimeOffset? Since, DateTimeOffset? Until, int? Tail);

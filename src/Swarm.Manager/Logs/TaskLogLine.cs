using Swarm.Model;

namespace Swarm.Manager.Logs;

/// <summary>One line that a task wrote, or (a notice) one of ours about what of it is missing.</summary>
/// <param name="TimeText">As the node has it; empty for a notice.</param>
/// <param name="Text">With its line end, unless it is a piece of a longer line.</param>
public readonly record struct TaskLogLine(SwarmTask Task, bool IsStderr, ReadOnlyMemory<byte> TimeText, ReadOnlyMemory<byte> Text);

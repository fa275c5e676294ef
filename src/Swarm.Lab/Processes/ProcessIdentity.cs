namespace Swarm.Lab.Processes;

/// <summary>A process that no other can be mistaken for: numbers are used again, a number and a start time are not.</summary>
/// <param name="StartTime">Clock ticks after boot (proc_pid_stat(5), field 22).</param>
public sealed record ProcessIdentity(int Pid, ulong StartTime);

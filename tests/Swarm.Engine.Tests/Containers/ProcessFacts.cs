using System.Globalization;

namespace Swarm.Engine.Tests.Containers;

/// <summary>What the kernel says of a process: proc_pid_stat(5), the fields after the name.</summary>
internal static class ProcessFacts
{
    public static int ParentOf(int pid) => Field(pid, 1);

    public static int SessionOf(int pid) => Field(pid, 3);

    private static int Field(int pid, int field) => int.Parse(File.ReadAllText($"/proc/{pid}/stat").Split(") ")[1].Split(' ')[field], CultureInfo.InvariantCulture);
}

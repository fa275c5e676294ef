using System.Globalization;
using System.Text;

namespace Swarm.Daemon;

/// <summary>What can be said of this process from inside, for SIGQUIT and SIGUSR1: its threads as the kernel sees them, its pools, its memory.</summary>
internal static class StateDump
{
    /// <returns>The file's path.</returns>
    internal static string Write(string folder, TimeProvider time, IEnumerable<string> state)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"pool: {ThreadPool.ThreadCount} threads, {ThreadPool.PendingWorkItemCount} waiting, {ThreadPool.CompletedWorkItemCount} done");
        ThreadPool.GetAvailableThreads(out var workers, out var completions);
        text.AppendLine(CultureInfo.InvariantCulture, $"pool: {workers} more workers and {completions} more completion threads are allowed");
        text.AppendLine(CultureInfo.InvariantCulture, $"timers: {Timer.ActiveCount}; lock contentions: {Monitor.LockContentionCount}");
        var memory = GC.GetGCMemoryInfo();
        text.AppendLine(CultureInfo.InvariantCulture, $"memory: {memory.HeapSizeBytes} bytes of heap, {memory.FragmentedBytes} of them free, {GC.GetTotalAllocatedBytes()} allocated so far");
        text.AppendLine(CultureInfo.InvariantCulture, $"collections: {GC.CollectionCount(0)}, {GC.CollectionCount(1)}, {GC.CollectionCount(2)}");
        text.AppendLine(CultureInfo.InvariantCulture, $"descriptors: {Directory.EnumerateFileSystemEntries("/proc/self/fd").Count()}");
        foreach (var line in state)
        {
            text.AppendLine(line);
        }

        foreach (var thread in Directory.EnumerateDirectories("/proc/self/task"))
        {
            text.AppendLine(Thread(thread));
        }

        var path = Path.Combine(folder, $"threads-{time.GetUtcNow():yyyy-MM-ddTHHmmss.fffZ}.log");
        Directory.CreateDirectory(folder);
        File.WriteAllText(path, text.ToString());
        return path;
    }

    /// <summary>proc_pid_stat(5): the state follows the name in brackets; proc_pid_wchan(5): where in the kernel it waits.</summary>
    private static string Thread(string folder)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(folder, "stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return $"thread {Path.GetFileName(folder)} {File.ReadAllText(Path.Combine(folder, "comm")).Trim()}: {fields[0]}, {fields[11]}+{fields[12]} ticks, in {File.ReadAllText(Path.Combine(folder, "wchan"))}";
        }
        catch (IOException)
        {
            return $"thread {Path.GetFileName(folder)}: it has ended";
        }
    }
}

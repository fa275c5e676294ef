namespace Swarm.Lab.Processes;

/// <summary>
/// All processes of one node. A process belongs to it by its network namespace (daemon, shims, shells), by its cgroup (containers), or because an
/// ancestor belongs: together they also find what a crashed engine has left.
/// </summary>
public sealed class NodeProcesses(LabPaths paths, TimeProvider time)
{
    /// <summary>SIGKILL ends a process within this, unless the kernel itself is stuck.</summary>
    internal static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan SignalLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SettleTime = TimeSpan.FromMilliseconds(2);

    /// <summary>Rounds of searching: each finds what was forked while the one before was being signalled.</summary>
    private const int MaxRounds = 20;

    /// <summary>The living, parents before their children.</summary>
    public IReadOnlyList<ProcessEntry> Find()
    {
        var all = ProcFs.All().Where(p => !p.Dead).ToList();
        var space = MountTable.NamespaceAt(paths.Namespace);
        var members = all.Where(p => Belongs(p.Identity.Pid, space)).Select(p => p.Identity.Pid).ToHashSet();
        var children = all.ToLookup(p => p.Parent);
        var queue = new Queue<int>(members);
        while (queue.TryDequeue(out var pid))
        {
            foreach (var child in children[pid].Where(child => members.Add(child.Identity.Pid)))
            {
                queue.Enqueue(child.Identity.Pid);
            }
        }

        return [.. all.Where(p => members.Contains(p.Identity.Pid)).OrderBy(p => p.Identity.StartTime)];
    }

    /// <summary>Those in the node's network but not in its cgroups: daemon, shims, shells.</summary>
    public IEnumerable<ProcessEntry> Outside() =>
        Find().Where(p => !ProcFs.Cgroups(p.Identity.Pid).Any(path => IsInside(path, "/" + paths.CgroupParent)));

    /// <summary>
    /// The oldest first: the daemon dies before its containers, so it cannot report them dead to anybody, as in a power cut.
    /// </summary>
    /// <exception cref="LabException">A process does not die.</exception>
    public void KillAll()
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            var found = Find();
            if (found.Count == 0)
            {
                return;
            }

            var handles = found.Select(p => PidFd.Open(p.Identity)).OfType<PidFd>().ToList();
            try
            {
                handles.ForEach(h => h.Signal(PidFd.SigKill));
                handles.ForEach(h => h.WaitExit(KillLimit));
            }
            finally
            {
                handles.ForEach(h => h.Dispose());
            }
        }

        throw new LabException($"processes of {paths.Namespace} do not die: {string.Join(", ", Find().Select(p => p.Identity.Pid))}");
    }

    /// <summary>
    /// The node stands still, as a machine whose processor is taken away: every process is stopped, until no new one appears in two searches on
    /// end. (A search may miss what is forked behind its back by one that it then sees stopped; the next one cannot.)
    /// </summary>
    public Task StopAsync(CancellationToken cancellation) => SignalUntilAsync(PidFd.SigStop, p => p.Stopped, "stop", cancellation);

    public Task ContinueAsync(CancellationToken cancellation) => SignalUntilAsync(PidFd.SigCont, p => !p.Stopped, "go on", cancellation);

    private async Task SignalUntilAsync(int signal, Func<ProcessEntry, bool> done, string what, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        for (var clean = 0; clean < 2;)
        {
            var left = Find().Where(p => !done(p)).ToList();
            clean = left.Count == 0 ? clean + 1 : 0;
            if (clean > 0)
            {
                continue;
            }

            if (time.GetElapsedTime(start) > SignalLimit)
            {
                throw new LabException($"processes of {paths.Namespace} do not {what}: {string.Join(", ", left.Select(p => p.Identity.Pid))}");
            }

            foreach (var process in left)
            {
                using var handle = PidFd.Open(process.Identity);
                handle?.Signal(signal);
            }

            // A process stops when its threads next leave the kernel; proc(5) offers no event for it.
            await Task.Delay(SettleTime, time, cancellation);
        }
    }

    private bool Belongs(int pid, string? space) =>
        (space is not null && ProcFs.NetworkNamespace(pid) == space)
        || ProcFs.Cgroups(pid).Any(path => IsInside(path, "/" + paths.CgroupParent));

    internal static bool IsInside(string path, string folder) =>
        path == folder || path.StartsWith(folder + "/", StringComparison.Ordinal);
}

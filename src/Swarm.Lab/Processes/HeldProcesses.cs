namespace Swarm.Lab.Processes;

/// <summary>
/// The processes of several nodes, all found before the first is signalled: the search takes long, the signals do not, so the nodes are hit as
/// good as at once. What is forked in between is left to a later search.
/// </summary>
internal sealed class HeldProcesses : IDisposable
{
    private readonly List<PidFd> _handles;

    private HeldProcesses(List<PidFd> handles) => _handles = handles;

    public static HeldProcesses Find(IReadOnlyList<NodeProcesses> nodes)
    {
        var found = new IReadOnlyList<ProcessEntry>[nodes.Count];
        Parallel.For(0, nodes.Count, i => found[i] = nodes[i].Find());
        return Of(found.Select(f => f.Select(p => p.Identity)));
    }

    /// <summary>The first of every node (its daemon), then the second of every node, and so on; those that have ended are left out.</summary>
    public static HeldProcesses Of(IEnumerable<IEnumerable<ProcessIdentity>> nodes) =>
        new([.. nodes.SelectMany(node => node.Select((identity, age) => (identity, age))).OrderBy(p => p.age).Select(p => PidFd.Open(p.identity)).OfType<PidFd>()]);

    public void Signal(int signal) => _handles.ForEach(handle => handle.Signal(signal));

    /// <summary>SIGKILL to all, and then the wait for their ends; who has not ended within the limit is left to the caller's next search.</summary>
    public void Kill()
    {
        Signal(PidFd.SigKill);

        // The wait also takes the status of those that this process started: they would stay as zombies, which no search finds.
        _handles.ForEach(handle => handle.WaitExit(NodeProcesses.KillLimit));
    }

    public void Dispose() => _handles.ForEach(handle => handle.Dispose());
}

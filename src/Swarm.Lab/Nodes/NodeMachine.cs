using Swarm.Api.Client;
using Swarm.Lab.Disks;
using Swarm.Lab.Network;
using Swarm.Lab.Processes;
using Swarm.Lab.State;
using Swarm.Linux;

namespace Swarm.Lab.Nodes;

/// <summary>What a node is doing, as the kernel says.</summary>
public enum NodeCondition
{
    /// <summary>No power: no process, no cable.</summary>
    Off,

    /// <summary>Only the daemon is gone; containers may run.</summary>
    DaemonDown,
    Paused,
    Running,
}

/// <summary>One node as a machine: power, daemon, clock. Knows nothing of the cluster.</summary>
internal sealed class NodeMachine(LabHost host, LabRecord lab, NodeRecord node)
{
    /// <summary>A daemon that has not opened its socket by then hangs.</summary>
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    /// <summary>A clean stop hands over leadership and syncs the store; it does not wait for containers.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PingInterval = TimeSpan.FromMilliseconds(10);

    private readonly Fabric _fabric = new(host, lab.Name);

    public LabPaths Paths { get; } = host.Paths(lab.Name, node.Name);

    /// <summary>Null: the lab's nodes keep their data in plain folders.</summary>
    public NodeDisk? Disk => lab.DiskBytes is { } bytes ? new NodeDisk(Paths, bytes, host.Time) : null;

    public DiskState DiskState => Disk?.State ?? DiskState.None;

    public ProcessIdentity? Daemon => node.Daemon;

    public NodeProcesses Processes => new(Paths, host.Time);

    public NodeCondition Condition
    {
        get
        {
            if (node.Daemon is not null && ProcFs.Find(node.Daemon) is { } daemon)
            {
                return daemon.Stopped ? NodeCondition.Paused : NodeCondition.Running;
            }

            return NetworkNamespace.IsNamespace(Fabric.NamespaceFile(Paths.Namespace)) ? NodeCondition.DaemonDown : NodeCondition.Off;
        }
    }

    /// <summary>Fresh cable and namespace, then the daemon. Answers the node with its new daemon, which may not listen yet.</summary>
    public NodeRecord SwitchOn()
    {
        _fabric.Attach(lab, node);
        return StartDaemon();
    }

    /// <summary>In the namespace that stands, beside the containers that run.</summary>
    public NodeRecord StartDaemon()
    {
        Disk?.Attach();
        Directory.CreateDirectory(Paths.Data);
        Directory.CreateDirectory(Paths.Run);
        using var space = NetworkNamespace.Open(Fabric.NamespaceFile(Paths.Namespace));
        string[] command =
        [
            node.Binary ?? lab.Binary, "daemon", "--host", Paths.DockerHost, "--data-root", Paths.Data, "--exec-root", Paths.Run, "--cgroup-parent", Paths.CgroupParent,
        ];
        var started = node with { Daemon = DetachedProcess.Start(command, Paths.Log, space, node.Name) };
        if (node.CpuPercent is not null)
        {
            CpuLimit.Set(Paths.CgroupParent, node.CpuPercent, [started.Daemon.Pid]);
        }

        return started;
    }

    /// <summary>Waits until the daemon answers.</summary>
    /// <exception cref="LabException">It ended, or does not answer in time; with the end of its log.</exception>
    public async Task WaitListeningAsync(CancellationToken cancellation)
    {
        using var client = new EngineClient(EngineEndpoint.Parse(Paths.DockerHost));
        var start = host.Time.GetTimestamp();
        while (true)
        {
            try
            {
                await client.PingAsync(cancellation);
                return;
            }
            catch (EngineUnreachableException)
            {
                // A unix socket that is not there yet announces nothing: ask again until the daemon is up or dead.
            }

            if (node.Daemon is null || ProcFs.Find(node.Daemon) is null)
            {
                throw new LabException($"the daemon of {node.Name} ended at its start.{LogTail()}");
            }

            if (host.Time.GetElapsedTime(start) > StartLimit)
            {
                throw new LabException($"the daemon of {node.Name} does not answer after {StartLimit.TotalSeconds:0} s.{LogTail()}");
            }

            await Task.Delay(PingInterval, host.Time, cancellation);
        }
    }

    /// <summary>SIGTERM, and waits for the end. Containers run on. Nothing if it is not running.</summary>
    /// <exception cref="LabException">It does not end.</exception>
    public void StopDaemon()
    {
        using var daemon = node.Daemon is null ? null : PidFd.Open(node.Daemon);
        if (daemon is null)
        {
            return;
        }

        daemon.Signal(PidFd.SigTerm);
        if (!daemon.WaitExit(StopLimit))
        {
            throw new LabException($"the daemon of {node.Name} does not stop within {StopLimit.TotalSeconds:0} s of SIGTERM: 'swarm lab kill {node.Name} --daemon-only' ends it");
        }
    }

    /// <summary>SIGKILL for the daemon alone.</summary>
    public void KillDaemon()
    {
        using var daemon = node.Daemon is null ? null : PidFd.Open(node.Daemon);
        daemon?.Signal(PidFd.SigKill);
        daemon?.WaitExit(StopLimit);
    }

    /// <summary>
    /// What a power cut leaves of a machine: its disk. Every process dies at once, and mounts, runtime state, groups and links are gone.
    /// The disk keeps what the kernel had not yet written, unless it was shut down before (<see cref="NodeDisk.Break"/>).
    /// </summary>
    public void CutPower()
    {
        Processes.KillAll();
        MountTable.DetachBelow(Paths.Run);
        MountTable.DetachBelow(Paths.Home);
        NodeDisk.WaitReleased(Paths, host.Time);
        _fabric.Detach(node.Name);
        CgroupTree.Remove(Paths.CgroupParent);
        if (Directory.Exists(Paths.Run))
        {
            Directory.Delete(Paths.Run, recursive: true);
        }
    }

    /// <summary>Power off, and an empty data root: the node comes back knowing nothing.</summary>
    public void Wipe()
    {
        CutPower();
        Disk?.Discard();
        if (Directory.Exists(Paths.Data))
        {
            Directory.Delete(Paths.Data, recursive: true);
        }
    }

    /// <param name="percent">Of one processor; null: all there is.</param>
    public void Squeeze(int? percent) => CpuLimit.Set(Paths.CgroupParent, percent, Processes.Outside().Select(p => p.Identity.Pid));

    public void Destroy()
    {
        CutPower();
        if (Directory.Exists(Paths.Home))
        {
            Directory.Delete(Paths.Home, recursive: true);
        }
    }

    public Task PauseAsync(CancellationToken cancellation) => Processes.StopAsync(cancellation);

    public Task ResumeAsync(CancellationToken cancellation) => Processes.ContinueAsync(cancellation);

    /// <summary>Every process of the node, the oldest first.</summary>
    public IReadOnlyList<ProcessEntry> Members() => Processes.Find();

    private string LogTail()
    {
        var lines = LogFile.Tail(Paths.Log, 10);
        return lines.Count == 0 ? $" Its log is empty: {Paths.Log}" : $" The end of {Paths.Log}:\n  " + string.Join("\n  ", lines);
    }
}

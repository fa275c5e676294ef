using Swarm.Lab.Disks;
using Swarm.Lab.Nodes;
using Swarm.Lab.Processes;
using Swarm.Lab.State;
using Swarm.Linux;

namespace Swarm.Lab;

public sealed partial class Lab
{
    /// <summary>
    /// A power cut as disks see it: what was not fsynced is lost, all processes are dead, the nodes are off; all nodes at the same moment.
    /// <see cref="RestartAsync"/> switches them on, with what their journals kept. The daemons are stopped before their disks fail, so none of
    /// them can report the failure to anybody.
    /// </summary>
    /// <exception cref="LabException">The lab has no disks of its own.</exception>
    public Task PowerCutAsync(IReadOnlyList<string> nodes, CancellationToken cancellation) =>
        ChangeAsync(
            async record =>
            {
                RequireDisks(record);
                var machines = Machines(record, nodes);
                using (var held = HeldProcesses.Find([.. machines.Select(m => m.Processes)]))
                {
                    var roots = new List<int>();
                    try
                    {
                        roots.AddRange(machines.Where(m => m.Disk!.Mounted).Select(m => Ext4.OpenRoot(m.Paths.Data)));
                        held.Signal(PidFd.SigStop);
                        Parallel.ForEach(roots, Ext4.ShutDown);
                        held.Kill();
                    }
                    finally
                    {
                        roots.ForEach(FileDescriptors.Close);
                    }
                }

                await OnEachAsync(record, nodes, machine => machine.CutPower());
            },
            cancellation);

    /// <summary>Nothing more fits on the node's disk: writes that need a new block get ENOSPC. Survives a restart; <see cref="FreeDiskAsync"/> ends it.</summary>
    /// <exception cref="LabException">The node is off, or the lab has no disks of its own.</exception>
    public Task FillDiskAsync(string node, CancellationToken cancellation) => OnDiskAsync(node, disk => disk.Fill(), cancellation);

    /// <inheritdoc cref="FillDiskAsync"/>
    public Task FreeDiskAsync(string node, CancellationToken cancellation) => OnDiskAsync(node, disk => disk.Free(), cancellation);

    /// <summary>
    /// Every write and every fsync of the running node fails with EIO from now on, and what was not fsynced is lost, as of a disk that died or
    /// was pulled. <see cref="RestartAsync"/> repairs it.
    /// </summary>
    /// <exception cref="LabException">The node is off, or the lab has no disks of its own.</exception>
    public Task BreakDiskAsync(string node, CancellationToken cancellation) => OnDiskAsync(node, disk => disk.Break(), cancellation);

    /// <summary>The node is switched off, and its data root is emptied: after <see cref="RestartAsync"/> it knows nothing. Works on plain folders too.</summary>
    public Task WipeDiskAsync(string node, CancellationToken cancellation) =>
        ChangeAsync(record => OnEachAsync(record, [node], machine => machine.Wipe()), cancellation);

    /// <summary>A running node that is in no cluster, such as a wiped one, gets its image and joins through the other managers that run.</summary>
    /// <param name="busybox">As in <see cref="LabOptions.Busybox"/>.</param>
    public Task RejoinAsync(string node, string? busybox, CancellationToken cancellation) =>
        ChangeAsync(
            async record =>
            {
                var formation = new ClusterFormation(this, record, static _ => { });
                await formation.LoadImageAsync(record.Node(node).Name, busybox, cancellation);
                await formation.JoinAsync(node, Running(), cancellation);
            },
            cancellation);

    private Task OnDiskAsync(string node, Action<NodeDisk> action, CancellationToken cancellation) =>
        ChangeAsync(
            record =>
            {
                RequireDisks(record);
                return OnEachAsync(record, [node], machine => action(machine.Disk!));
            },
            cancellation);

    private static void RequireDisks(LabRecord record)
    {
        if (record.DiskBytes is null)
        {
            throw new LabException($"the nodes of lab {record.Name} have no disks of their own: make a lab with 'swarm lab up --disk 512m'");
        }
    }
}

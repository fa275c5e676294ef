using Swarm.Lab.Disks;
using Swarm.Lab.Nodes;
using Swarm.Lab.Processes;
using Swarm.Lab.State;

namespace Swarm.Lab;

public sealed partial class Lab
{
    /// <summary>A hundred processors.</summary>
    public const int MaxCpuPercent = 10_000;

    /// <summary>Cuts the power of nodes, all at once: daemon, shims and containers die, the disk stays.</summary>
    /// <param name="daemonOnly">Only the daemon dies; its containers run on.</param>
    public Task KillAsync(IReadOnlyList<string> nodes, bool daemonOnly, CancellationToken cancellation) =>
        ChangeAsync(
            async record =>
            {
                var machines = Machines(record, nodes);
                using (var held = daemonOnly
                    ? HeldProcesses.Of(machines.Select(m => m.Daemon).OfType<ProcessIdentity>().Select(d => new[] { d }))
                    : HeldProcesses.Find([.. machines.Select(m => m.Processes)]))
                {
                    held.Kill();
                }

                await OnEachAsync(record, nodes, machine =>
                {
                    if (daemonOnly)
                    {
                        machine.KillDaemon();
                    }
                    else
                    {
                        machine.CutPower();
                    }
                });
            },
            cancellation);

    /// <summary>Stops every process of the nodes where it stands, all at once, as machines that hang. Answers when none runs any more.</summary>
    /// <param name="daemonOnly">Only the daemon stands still; its containers run on. Answers when it is told to.</param>
    public Task PauseAsync(IReadOnlyList<string> nodes, CancellationToken cancellation, bool daemonOnly = false) =>
        ChangeAsync(
            async record =>
            {
                var machines = Machines(record, nodes);
                if (daemonOnly)
                {
                    using var daemons = HeldProcesses.Of(machines.Select(m => m.Daemon).OfType<ProcessIdentity>().Select(d => new[] { d }));
                    daemons.Signal(PidFd.SigStop);
                    return;
                }

                using (var held = HeldProcesses.Find([.. machines.Select(m => m.Processes)]))
                {
                    held.Signal(PidFd.SigStop);
                }

                await Task.WhenAll(machines.Select(m => m.PauseAsync(cancellation)));
            },
            cancellation);

    public Task ResumeAsync(IReadOnlyList<string> nodes, CancellationToken cancellation) =>
        ChangeAsync(record => Task.WhenAll(Machines(record, nodes).Select(m => m.ResumeAsync(cancellation))), cancellation);

    /// <summary>
    /// A node that is off is switched on; of a running one the daemon is stopped cleanly and started again. One with a broken disk is switched
    /// off and on, and its disk is sound again. Answers when all listen.
    /// </summary>
    /// <param name="binary">The executable that they run from now on, as in an upgrade; null: the same as before.</param>
    /// <exception cref="LabException">There is no such file.</exception>
    public async Task RestartAsync(IReadOnlyList<string> nodes, CancellationToken cancellation, string? binary = null)
    {
        if (binary is not null && !File.Exists(binary))
        {
            throw new LabException($"{binary} does not exist");
        }

        var started = await ChangeAsync(async record =>
        {
            await Task.WhenAll(Machines(record, nodes).Select(m => m.ResumeAsync(cancellation)));
            await OnEachAsync(record, nodes, machine =>
            {
                if (machine.DiskState == DiskState.Broken)
                {
                    machine.CutPower();
                }
                else
                {
                    machine.StopDaemon();
                }
            });
            foreach (var name in nodes)
            {
                record = record.With(record.Node(name) with { Binary = binary is null ? record.Node(name).Binary : Path.GetFullPath(binary) });
                var machine = Machine(record, record.Node(name));
                record = record.With(machine.Condition == NodeCondition.Off ? machine.SwitchOn() : machine.StartDaemon());
                _store.Save(record);
            }

            return record;
        }, cancellation);

        // The lab is free meanwhile: a node that takes its time keeps no other fault waiting.
        await Task.WhenAll(Machines(started, nodes).Select(m => m.WaitListeningAsync(cancellation)));
    }

    /// <summary>All processes of the node together get no more than this share of one processor, also after a restart.</summary>
    /// <param name="cpuPercent">From 1; null or 0 ends it.</param>
    /// <exception cref="LabException">Out of range, or this machine's cgroups cannot do it.</exception>
    public Task SqueezeAsync(string node, int? cpuPercent, CancellationToken cancellation) =>
        ChangeAsync(
            record =>
            {
                if (cpuPercent is < 0 or > MaxCpuPercent)
                {
                    throw new LabException($"{cpuPercent}% of a processor is impossible: 1 to {MaxCpuPercent}, or 0 for no limit");
                }

                var percent = cpuPercent == 0 ? null : cpuPercent;
                record = record.With(record.Node(node) with { CpuPercent = percent });
                _store.Save(record);
                var machine = Machine(record, record.Node(node));
                if (machine.Condition != NodeCondition.Off)
                {
                    machine.Squeeze(percent);
                }

                return Task.CompletedTask;
            },
            cancellation);

    private List<NodeMachine> Machines(LabRecord record, IReadOnlyList<string> nodes) =>
        [.. nodes.Select(record.Node).Select(node => Machine(record, node))];

    private Task OnEachAsync(LabRecord record, IReadOnlyList<string> nodes, Action<NodeMachine> action) =>
        Task.WhenAll(Machines(record, nodes).Select(machine => Task.Run(() => action(machine))));
}

using Swarm.Lab.Network;
using Swarm.Lab.Nodes;
using Swarm.Lab.State;

namespace Swarm.Lab;

public sealed partial class Lab
{
    /// <summary>Cuts the power of nodes, all at once: daemon, shims and containers die, the disk stays.</summary>
    /// <param name="daemonOnly">Only the daemon dies; its containers run on.</param>
    public Task KillAsync(IReadOnlyList<string> nodes, bool daemonOnly, CancellationToken cancellation) =>
        ChangeAsync(record => OnEachAsync(record, nodes, machine =>
        {
            if (daemonOnly)
            {
                machine.KillDaemon();
            }
            else
            {
                machine.CutPower();
            }
        }), cancellation);

    /// <summary>Stops every process of the nodes where it stands, as a machine that hangs.</summary>
    public Task PauseAsync(IReadOnlyList<string> nodes, CancellationToken cancellation) =>
        ChangeAsync(record => Task.WhenAll(Machines(record, nodes).Select(m => m.PauseAsync(cancellation))), cancellation);

    public Task ResumeAsync(IReadOnlyList<string> nodes, CancellationToken cancellation) =>
        ChangeAsync(record => Task.WhenAll(Machines(record, nodes).Select(m => m.ResumeAsync(cancellation))), cancellation);

    /// <summary>A node that is off is switched on; of a running one the daemon is stopped cleanly and started again. Answers when all listen.</summary>
    public async Task RestartAsync(IReadOnlyList<string> nodes, CancellationToken cancellation)
    {
        var started = await ChangeAsync(async record =>
        {
            await Task.WhenAll(Machines(record, nodes).Select(m => m.ResumeAsync(cancellation)));
            await OnEachAsync(record, nodes, machine => machine.StopDaemon());
            foreach (var name in nodes)
            {
                var machine = Machine(record, record.Node(name));
                record = record.With(machine.Condition == NodeCondition.Off ? machine.SwitchOn() : machine.StartDaemon());
                _store.Save(record);
            }

            return record;
        }, cancellation);

        // The lab is free meanwhile: a node that takes its time keeps no other fault waiting.
        await Task.WhenAll(Machines(started, nodes).Select(m => m.WaitListeningAsync(cancellation)));
    }

    /// <summary>Cuts the cables between groups of nodes; see <see cref="Network.Partition.Parse"/>. Replaces a partition that stands.</summary>
    public Task PartitionAsync(IEnumerable<string> groups, CancellationToken cancellation) =>
        ChangeAsync(record => ApplyAsync(record with { Partition = Partition.Parse(record, groups) }), cancellation);

    /// <summary>Everybody hears everybody again. Does not resume or restart nodes.</summary>
    public Task HealAsync(CancellationToken cancellation) =>
        ChangeAsync(record => ApplyAsync(record with { Partition = [] }), cancellation);

    private async Task ApplyAsync(LabRecord record)
    {
        // Written first: a node that is off gets its rules when it is switched on.
        _store.Save(record);
        var on = record.Nodes.Where(n => Machine(record, n).Condition != NodeCondition.Off);
        await Task.WhenAll(on.Select(n => Task.Run(() => _fabric.ApplyPartition(record, n.Name))));
    }

    private List<NodeMachine> Machines(LabRecord record, IReadOnlyList<string> nodes) =>
        [.. nodes.Select(record.Node).Select(node => Machine(record, node))];

    private Task OnEachAsync(LabRecord record, IReadOnlyList<string> nodes, Action<NodeMachine> action) =>
        Task.WhenAll(Machines(record, nodes).Select(machine => Task.Run(() => action(machine))));
}

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
    public Task RestartAsync(IReadOnlyList<string> nodes, CancellationToken cancellation) =>
        ChangeAsync(async record =>
        {
            await Task.WhenAll(Machines(record, nodes).Select(m => m.ResumeAsync(cancellation)));
            await OnEachAsync(record, nodes, machine => machine.StopDaemon());
            foreach (var name in nodes)
            {
                var machine = Machine(record, record.Node(name));
                record = record.With(machine.Condition == NodeCondition.Off ? machine.SwitchOn() : machine.StartDaemon());
                _store.Save(record);
            }

            await Task.WhenAll(Machines(record, nodes).Select(m => m.WaitListeningAsync(cancellation)));
        }, cancellation);

    private List<NodeMachine> Machines(LabRecord record, IReadOnlyList<string> nodes) =>
        [.. nodes.Select(record.Node).Select(node => Machine(record, node))];

    private Task OnEachAsync(LabRecord record, IReadOnlyList<string> nodes, Action<NodeMachine> action) =>
        Task.WhenAll(Machines(record, nodes).Select(machine => Task.Run(() => action(machine))));
}

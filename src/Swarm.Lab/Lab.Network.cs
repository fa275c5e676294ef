using System.Net;
using Swarm.Lab.Network;
using Swarm.Lab.Nodes;
using Swarm.Lab.State;

namespace Swarm.Lab;

public sealed partial class Lab
{
    /// <summary>Cuts the cables between groups of nodes; see <see cref="Network.Partition.Parse"/>. Replaces all cuts that stand.</summary>
    public Task PartitionAsync(IEnumerable<string> groups, CancellationToken cancellation) =>
        ChangeAsync(
            record =>
            {
                var parsed = Partition.Parse(record, groups);
                return ApplyAsync(record with { Partition = parsed, Cuts = Partition.Cuts(parsed) });
            },
            cancellation);

    /// <summary>One-way cuts: nothing that From sends reaches To; the other direction is untouched. Replaces all cuts and partitions that stand.</summary>
    /// <param name="path">What does not get through.</param>
    /// <exception cref="LabException">No edge, an unknown node, or a node cut off from itself.</exception>
    public Task CutAsync(IReadOnlyList<(string From, string To)> edges, CancellationToken cancellation, CutPath path = CutPath.All) =>
        ChangeAsync(record => ApplyAsync(record with { Partition = [], Cuts = [.. Cut.Checked(record, edges, path)] }), cancellation);

    /// <summary>
    /// Nodes lose this share of the packets that they send and that they get, from and to every other node, by chance. Cuts stay. The loss of
    /// other nodes stays as it is.
    /// </summary>
    /// <param name="ratio">From 0 (none is lost: ends the fault) to 1.</param>
    /// <param name="nodes">Empty: all.</param>
    public Task LossAsync(double ratio, IReadOnlyList<string> nodes, CancellationToken cancellation) =>
        ChangeAsync(
            record =>
            {
                var share = Loss.Checked(ratio);
                var names = nodes.Count == 0 ? [.. record.Nodes.Select(n => n.Name)] : nodes;
                return ApplyAsync(names.Aggregate(record, (r, name) => r.With(r.Node(name) with { Loss = share })));
            },
            cancellation);

    /// <summary>Everybody hears everybody again: ends cuts, partitions and loss. Does not resume or restart nodes, and mends no disk.</summary>
    public Task HealAsync(CancellationToken cancellation) =>
        ChangeAsync(
            record => ApplyAsync(record with { Partition = [], Cuts = [], Nodes = [.. record.Nodes.Select(n => n with { Loss = 0 })] }),
            cancellation);

    /// <summary>
    /// Another address: the node is shut down, gets a free address of the lab's network, and is switched on. Answers when its daemon listens;
    /// whether the cluster finds it is the cluster's affair.
    /// </summary>
    /// <returns>The new address.</returns>
    public Task<IPAddress> MoveAsync(string node, CancellationToken cancellation) =>
        ChangeAsync(
            async record =>
            {
                var machine = Machine(record, record.Node(node));
                await machine.ResumeAsync(cancellation);
                await Task.Run(
                    () =>
                    {
                        machine.StopDaemon();
                        machine.CutPower();
                    },
                    cancellation);
                record = record.With(record.Node(node) with { Host = AddressPlan.FreeHost(record) });

                // The others' rules name the address.
                await ApplyAsync(record);
                record = record.With(Machine(record, record.Node(node)).SwitchOn());
                _store.Save(record);
                await Machine(record, record.Node(node)).WaitListeningAsync(cancellation);
                return AddressPlan.Node(record, record.Node(node));
            },
            cancellation);

    private async Task ApplyAsync(LabRecord record)
    {
        // Written first: a node that is off gets its rules when it is switched on.
        _store.Save(record);
        var on = record.Nodes.Where(n => Machine(record, n).Condition != NodeCondition.Off);
        await Task.WhenAll(on.Select(n => Task.Run(() => _fabric.ApplyRules(record, n.Name))));
    }
}

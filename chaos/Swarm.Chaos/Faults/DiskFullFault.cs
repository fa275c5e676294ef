using Swarm.Lab.Nodes;

namespace Swarm.Chaos.Faults;

/// <summary>Nothing more fits on the nodes' disks, until there is room again. A daemon that ended over it is started again then.</summary>
internal sealed class DiskFullFault : IFault
{
    public string Kind => "disk-full";

    public IReadOnlyList<string> Targets => Target.All;

    public bool Lasts => true;

    public bool NeedsDisks => true;

    public async Task<Injection> InjectAsync(FaultContext context, CancellationToken cancellation)
    {
        if (await context.ChooseAsync(Target.Manager, cancellation) is not { } nodes)
        {
            return Injection.Skip("no disk to fill");
        }

        await Task.WhenAll(nodes.Select(n => context.Lab.FillDiskAsync(n, cancellation)));
        return new Injection($"disk of {string.Join(", ", nodes)} full", async token =>
        {
            await Task.WhenAll(nodes.Select(n => context.Lab.FreeDiskAsync(n, token)));
            var ended = nodes.Where(n => context.Lab.Condition(n) != NodeCondition.Running).ToList();
            if (ended.Count > 0)
            {
                await context.Lab.RestartAsync(ended, token);
            }
        });
    }
}

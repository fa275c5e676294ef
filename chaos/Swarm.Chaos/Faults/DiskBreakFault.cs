namespace Swarm.Chaos.Faults;

/// <summary>Every write and every fsync of the nodes fails; then they are restarted with a sound disk that holds what had been synced.</summary>
internal sealed class DiskBreakFault : IFault
{
    public string Kind => "disk-break";

    public IReadOnlyList<string> Targets => Target.All;

    public bool Lasts => true;

    public bool NeedsDisks => true;

    public async Task<Injection> InjectAsync(FaultContext context, CancellationToken cancellation)
    {
        if (await context.ChooseAsync(Target.Manager, cancellation) is not { } nodes)
        {
            return Injection.Skip("no disk to break");
        }

        await Task.WhenAll(nodes.Select(n => context.Lab.BreakDiskAsync(n, cancellation)));
        return new Injection($"disk of {string.Join(", ", nodes)} broken", token => context.Lab.RestartAsync(nodes, token));
    }
}

namespace Swarm.Chaos.Faults;

/// <summary>Nodes lose their power at the same moment, and with it everything that they had not synced.</summary>
internal sealed class PowerCutFault : IFault
{
    public string Kind => "power-cut";

    public IReadOnlyList<string> Targets => Target.All;

    public bool Lasts => true;

    public bool NeedsDisks => true;

    public async Task<Injection> InjectAsync(FaultContext context, CancellationToken cancellation)
    {
        if (await context.ChooseAsync(Target.Managers, cancellation) is not { } nodes)
        {
            return Injection.Skip("nobody's power to cut");
        }

        await context.Lab.PowerCutAsync(nodes, cancellation);
        return new Injection($"power of {string.Join(", ", nodes)} cut, unsynced writes lost", token => context.Lab.RestartAsync(nodes, token));
    }
}

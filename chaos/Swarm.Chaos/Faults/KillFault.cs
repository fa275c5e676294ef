namespace Swarm.Chaos.Faults;

/// <summary>Nodes lose their power at once and get it back. What they wrote stays, synced or not.</summary>
internal sealed class KillFault : IFault
{
    public string Kind => "kill";

    public IReadOnlyList<string> Targets => Target.All;

    public bool Lasts => true;

    public async Task<Injection> InjectAsync(FaultContext context, CancellationToken cancellation)
    {
        if (await context.ChooseAsync(Target.Manager, cancellation) is not { } nodes)
        {
            return Injection.Skip("nobody to kill");
        }

        await context.Lab.KillAsync(nodes, daemonOnly: false, cancellation);
        return new Injection($"{string.Join(", ", nodes)} without power", token => context.Lab.RestartAsync(nodes, token)) { OutOfTouch = context.LateWith(nodes) };
    }
}

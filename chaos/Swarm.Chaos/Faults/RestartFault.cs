namespace Swarm.Chaos.Faults;

/// <summary>Daemons are stopped cleanly and started again, as an upgrade does it.</summary>
internal sealed class RestartFault : IFault
{
    public string Kind => "restart";

    public IReadOnlyList<string> Targets => Target.All;

    public bool Lasts => false;

    public async Task<Injection> InjectAsync(FaultContext context, CancellationToken cancellation)
    {
        if (await context.ChooseAsync(Target.Manager, cancellation) is not { } nodes)
        {
            return Injection.Skip("nobody to restart");
        }

        await context.Lab.RestartAsync(nodes, cancellation);
        return new Injection($"{string.Join(", ", nodes)} restarted", null) { OutOfTouch = context.LateWith(nodes) };
    }
}

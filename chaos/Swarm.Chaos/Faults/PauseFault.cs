namespace Swarm.Chaos.Faults;

/// <summary>Nodes stand still (SIGSTOP) and go on as if nothing had been, a leader in the belief that it leads.</summary>
internal sealed class PauseFault : IFault
{
    public string Kind => "pause";

    public IReadOnlyList<string> Targets => Target.All;

    public bool Lasts => true;

    public async Task<Injection> InjectAsync(FaultContext context, CancellationToken cancellation)
    {
        if (await context.ChooseAsync(Target.Manager, cancellation) is not { } nodes)
        {
            return Injection.Skip("nobody to pause");
        }

        await context.Lab.PauseAsync(nodes, cancellation);
        return new Injection($"{string.Join(", ", nodes)} paused", token => context.Lab.ResumeAsync(nodes, token)) { OutOfTouch = context.LateWith(nodes) };
    }
}

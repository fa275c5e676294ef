namespace Swarm.Chaos.Faults;

/// <summary>Daemons stand still (SIGSTOP) while their containers run on: whatever managers tell them they do late.</summary>
internal sealed class DaemonPauseFault : IFault
{
    public string Kind => "pause-daemon";

    public IReadOnlyList<string> Targets => Target.All;

    public bool Lasts => true;

    public async Task<Injection> InjectAsync(FaultContext context, CancellationToken cancellation)
    {
        if (await context.ChooseAsync(Target.Worker, cancellation) is not { } nodes)
        {
            return Injection.Skip("no daemon to pause");
        }

        await context.Lab.PauseAsync(nodes, cancellation, daemonOnly: true);
        return new Injection($"daemon of {string.Join(", ", nodes)} paused", token => context.Lab.ResumeAsync(nodes, token)) { OutOfTouch = context.LateWith(nodes) };
    }
}

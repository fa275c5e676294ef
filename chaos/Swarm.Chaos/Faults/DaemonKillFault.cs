namespace Swarm.Chaos.Faults;

/// <summary>Daemons crash (SIGKILL), and are started again; the containers run on.</summary>
internal sealed class DaemonKillFault : IFault
{
    public string Kind => "kill-daemon";

    public IReadOnlyList<string> Targets => Target.All;

    public bool Lasts => true;

    public async Task<Injection> InjectAsync(FaultContext context, CancellationToken cancellation)
    {
        if (await context.ChooseAsync(Target.Manager, cancellation) is not { } nodes)
        {
            return Injection.Skip("no daemon to kill");
        }

        await context.Lab.KillAsync(nodes, daemonOnly: true, cancellation);
        return new Injection($"daemon of {string.Join(", ", nodes)} crashed", token => context.Lab.RestartAsync(nodes, token)) { OutOfTouch = context.LateWith(nodes) };
    }
}

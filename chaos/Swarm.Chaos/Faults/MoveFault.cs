namespace Swarm.Chaos.Faults;

/// <summary>A node is shut down and comes back at another address.</summary>
internal sealed class MoveFault : IFault
{
    public string Kind => "move";

    public IReadOnlyList<string> Targets => [.. Target.OneManager, Target.Worker, Target.Node];

    public bool Lasts => false;

    public async Task<Injection> InjectAsync(FaultContext context, CancellationToken cancellation) =>
        await context.ChooseAsync(Target.Manager, cancellation) is [var node]
            ? new Injection($"{node} moved to {await context.Lab.MoveAsync(node, cancellation)}", null)
            : Injection.Skip("nobody to move");
}

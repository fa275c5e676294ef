using Swarm.Lab.Network;

namespace Swarm.Chaos.Faults;

/// <summary>Frames between containers of some nodes are lost, while nodes and managers hear each other.</summary>
internal sealed class DataPathFault : IFault
{
    public string Kind => "data-path";

    public IReadOnlyList<string> Targets => [];

    public bool Lasts => true;

    public async Task<Injection> InjectAsync(FaultContext context, CancellationToken cancellation)
    {
        if (!context.TryClaim([Claims.Network]))
        {
            return Injection.Skip("the network is disturbed already");
        }

        var (what, edges) = PathShapes.Data(context.Dice, context.Cluster.Nodes);
        await context.Lab.CutAsync(edges, cancellation, CutPath.Data);
        return new Injection($"data path cut {what}", context.Lab.HealAsync) { OutOfTouch = [] };
    }
}

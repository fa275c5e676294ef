using Swarm.Lab.Network;

namespace Swarm.Chaos.Faults;

/// <summary>Frames between containers of some nodes are lost, while nodes and managers hear each other.</summary>
internal sealed class DataPathFault : CutFault
{
    public override string Kind => "data-path";

    protected override CutPath Path => CutPath.Data;

    protected override IReadOnlyList<string> OutOfTouch(FaultContext context) => [];

    protected override Task<(string What, IReadOnlyList<(string From, string To)> Edges)?> ShapeAsync(FaultContext context, CancellationToken cancellation)
    {
        var (what, edges) = PathShapes.Data(context.Dice, context.Cluster.Nodes);
        return Task.FromResult<(string, IReadOnlyList<(string, string)>)?>(($"data path cut {what}", edges));
    }
}

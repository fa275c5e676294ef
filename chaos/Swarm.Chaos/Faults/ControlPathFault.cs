using Swarm.Lab.Network;

namespace Swarm.Chaos.Faults;

/// <summary>A node and the others do not hear each other, or not in one direction, while frames between containers pass.</summary>
internal sealed class ControlPathFault : CutFault
{
    public override string Kind => "control-path";

    public override IReadOnlyList<string> Targets => [Target.Worker, Target.Node, .. Target.OneManager];

    protected override CutPath Path => CutPath.Control;

    protected override IReadOnlyList<string>? OutOfTouch(FaultContext context) => context.LateWith([.. context.Claimed.Where(name => name != Claims.Network)]);

    protected override async Task<(string What, IReadOnlyList<(string From, string To)> Edges)?> ShapeAsync(FaultContext context, CancellationToken cancellation)
    {
        if (await context.ChooseAsync(Target.Worker, cancellation) is not [var node])
        {
            return null;
        }

        var (what, edges) = PathShapes.Around(context.Dice, node, context.Cluster.Nodes);
        return ($"control path cut {what}", edges);
    }
}

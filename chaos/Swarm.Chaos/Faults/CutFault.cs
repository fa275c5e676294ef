using Swarm.Lab.Network;

namespace Swarm.Chaos.Faults;

/// <summary>Cables are cut, or one path of them, and healed. What a kind adds is the shape.</summary>
internal abstract class CutFault : IFault
{
    public abstract string Kind { get; }

    public virtual IReadOnlyList<string> Targets => [];

    public bool Lasts => true;

    protected virtual CutPath Path => CutPath.All;

    public async Task<Injection> InjectAsync(FaultContext context, CancellationToken cancellation)
    {
        // Cuts replace each other, and healing ends also loss: one such fault at a time.
        if (!context.TryClaim([Claims.Network]))
        {
            return Injection.Skip("the network is disturbed already");
        }

        if (await ShapeAsync(context, cancellation) is not var (what, edges) || edges.Count == 0)
        {
            return Injection.Skip("no cable to cut");
        }

        await context.Lab.CutAsync(edges, cancellation, Path);
        return new Injection(what, context.Lab.HealAsync) { OutOfTouch = OutOfTouch(context) };
    }

    /// <inheritdoc cref="Injection.OutOfTouch"/>
    protected virtual IReadOnlyList<string>? OutOfTouch(FaultContext context) => null;

    /// <summary>What is cut, in words and from whom to whom; null: nothing can be.</summary>
    protected abstract Task<(string What, IReadOnlyList<(string From, string To)> Edges)?> ShapeAsync(FaultContext context, CancellationToken cancellation);
}

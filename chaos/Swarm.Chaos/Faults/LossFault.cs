namespace Swarm.Chaos.Faults;

/// <summary>A share of all packets between the nodes is lost.</summary>
internal sealed class LossFault : IFault
{
    public string Kind => "loss";

    public IReadOnlyList<string> Targets => [];

    public bool Lasts => true;

    public bool HasRatio => true;

    public async Task<Injection> InjectAsync(FaultContext context, CancellationToken cancellation)
    {
        if (!context.TryClaim([Claims.Network]))
        {
            return Injection.Skip("the network is disturbed already");
        }

        await context.Lab.LossAsync(context.Spec.Ratio, [], cancellation);
        return new Injection($"{context.Spec.Ratio * 100:0} % of all packets lost at each end", context.Lab.HealAsync);
    }
}

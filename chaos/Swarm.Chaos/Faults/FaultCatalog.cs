namespace Swarm.Chaos.Faults;

/// <summary>Every kind of fault that a scenario may name.</summary>
public static class FaultCatalog
{
    public static readonly IReadOnlyList<IFault> All =
    [
        new KillFault(),
        new DaemonKillFault(),
        new PauseFault(),
        new DaemonPauseFault(),
        new RestartFault(),
        new HalvesFault(),
        new IsolateFault(),
        new OneWayFault(),
        new RingFault(),
        new BridgeFault(),
        new DataPathFault(),
        new ControlPathFault(),
        new FlapFault(),
        new LossFault(),
        new DiskFullFault(),
        new DiskBreakFault(),
        new PowerCutFault(),
        new MoveFault(),
        new TransferFault(),
        new DemoteFault(),
        new RejoinFault(),
        new WipeFault(),
    ];

    public static IFault? Find(string kind) => All.FirstOrDefault(f => f.Kind == kind);
}

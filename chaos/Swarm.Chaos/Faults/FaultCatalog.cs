namespace Swarm.Chaos.Faults;

/// <summary>Every kind of fault that a scenario may name.</summary>
public static class FaultCatalog
{
    public static readonly IReadOnlyList<IFault> All =
    [
        new KillFault(),
        new DaemonKillFault(),
        new PauseFault(),
        new RestartFault(),
        new DemoteFault(),
        new RejoinFault(),
        new WipeFault(),
    ];

    public static IFault? Find(string kind) => All.FirstOrDefault(f => f.Kind == kind);
}

using Swarm.Chaos.Checkers;

namespace Swarm.Chaos.Workloads;

/// <summary>What clients do with the cluster while things go wrong, and how it is judged.</summary>
public interface IWorkload
{
    int Clients { get; }

    /// <summary>Before the faults, on a whole cluster.</summary>
    System.Threading.Tasks.Task SetUpAsync(ClientSession session, CancellationToken cancellation);

    /// <summary>One client's loop, until it is told to stop.</summary>
    System.Threading.Tasks.Task RunAsync(ClientSession session, CancellationToken stop);

    /// <summary>After the faults, on a cluster that is whole again: looks at what is there.</summary>
    Task<Evidence> FinishAsync(Evidence evidence, CancellationToken cancellation);

    IReadOnlyList<IChecker> Checkers { get; }
}

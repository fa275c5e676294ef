using Microsoft.Extensions.Logging;

namespace Swarm.Agent;

/// <summary>What all workers of a node share.</summary>
internal sealed record TaskWorkerContext(
    ITaskExecutor Executor, IAgentJournal Journal, StatusReporter Reporter, SecretStore Secrets, NetworkKeeper Networks, TimeProvider Time, ILogger Logger)
{
    /// <summary>Tasks that are prepared, started and removed at once. Stopping has no bound: it is mostly waiting for grace periods.</summary>
    internal const int Width = 8;

    internal static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(200);
    internal static readonly TimeSpan MaxRetry = TimeSpan.FromSeconds(10);

    internal Gate Prepares { get; } = new(Width);

    internal Gate Starts { get; } = new(Width);

    internal Gate Removes { get; } = new(Width);
}

using System.Collections.Immutable;
using Swarm.Model;

namespace Swarm.Agent;

/// <summary>
/// The seam between a node's agent and what runs containers: the engine in the product, a script in the simulator.
/// Every call is idempotent and keyed by the task's id, because the agent repeats it after a restart of the daemon.
/// </summary>
public interface ITaskExecutor
{
    Task<NodeDescription> DescribeAsync(CancellationToken cancellation);

    /// <summary>Gets the image and creates the container. <paramref name="progress"/> hears what is waited for ("pulling").</summary>
    /// <exception cref="TaskRejectedException">The task can never run here as it is: no such image, bad mount.</exception>
    Task PrepareAsync(SwarmTask task, TaskSecrets secrets, Action<string> progress, CancellationToken cancellation);

    /// <summary>Starts the prepared container. Does nothing if it runs already.</summary>
    /// <exception cref="TaskFailedException">It could not start.</exception>
    Task<ContainerStatus> StartAsync(SwarmTask task, CancellationToken cancellation);

    /// <summary>What the task's running container is published at on this node: its host-mode ports, those that were left to the node with the number that they got.</summary>
    ImmutableArray<PortConfig> PortsOf(SwarmTask task) => task.Status.HostPorts;

    /// <summary>Completes when the started container is healthy, at once if it has no healthcheck, or when it has ended well.</summary>
    /// <exception cref="TaskFailedException">It became unhealthy, or failed before it was healthy.</exception>
    Task BecomeHealthyAsync(SwarmTask task, CancellationToken cancellation);

    /// <summary>Completes when the container has ended, at once if it has already.</summary>
    Task<TaskExit> WaitAsync(SwarmTask task, CancellationToken cancellation);

    /// <summary>Stop signal, grace period, kill. Answers once nothing of the task runs; does nothing if nothing does.</summary>
    /// <returns>What the container ended with; null: the task has none.</returns>
    Task<ContainerStatus?> StopAsync(SwarmTask task, CancellationToken cancellation);

    /// <summary>Removes what is left of a task that does not run: container, anonymous volumes, files.</summary>
    Task RemoveAsync(string taskId, CancellationToken cancellation);

    /// <summary>Every task of which this node still has something, running or not, and how far it is: what a restarted agent finds.</summary>
    Task<IReadOnlyList<FoundTask>> ListAsync(CancellationToken cancellation);
}

/// <param name="Exit">Set once it has ended.</param>
public sealed record FoundTask(string TaskId, bool Running, ContainerStatus? Container, TaskExit? Exit);

/// <param name="Unseen">Nobody saw it end: the node restarted meanwhile.</param>
public sealed record TaskExit(ContainerStatus Container, string Error, bool Unseen = false)
{
    public bool Succeeded => Container.ExitCode == 0 && Error.Length == 0;
}

/// <summary>The secrets and configs that a task names, by id. Held in memory only.</summary>
public sealed record TaskSecrets(IReadOnlyDictionary<string, Secret> Secrets, IReadOnlyDictionary<string, Config> Configs)
{
    public override string ToString() => $"TaskSecrets {{ {Secrets.Count} secrets, {Configs.Count} configs }}";
}

public sealed class TaskRejectedException(string message) : Exception(message);

public sealed class TaskFailedException(string message, ContainerStatus? container = null) : Exception(message)
{
    public ContainerStatus? Container { get; } = container;

    /// <inheritdoc cref="TaskExit(ContainerStatus, string, bool)" path="/param[@name='Unseen']"/>
    public bool Unseen { get; init; }
}

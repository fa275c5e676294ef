using Swarm.Model;

namespace Swarm.Agent;

/// <summary>
/// What the agent must still know after the daemon restarts: its tasks, as assigned and as far as they came (<see cref="SwarmTask.Status"/> is the
/// agent's own). A file in the product, memory in the simulator.
/// </summary>
public interface IAgentJournal
{
    /// <summary>Everything kept; called once, before any append.</summary>
    IReadOnlyList<SwarmTask> Load();

    /// <summary>Keeps the tasks, each replacing what was kept under its id, and drops <paramref name="forgotten"/>.</summary>
    /// <param name="durable">Return only once a power cut can not undo it. Otherwise a crash of the daemon can not, a power cut may.</param>
    /// <exception cref="IOException">It could not be written; what was kept before still is.</exception>
    void Append(IReadOnlyCollection<SwarmTask> tasks, IReadOnlyCollection<string> forgotten, bool durable);
}

using Swarm.Agent;
using Swarm.Model;

namespace Swarm.Simulation.World;

/// <summary>A journal whose unsynced part a power cut may lose.</summary>
public sealed class MemoryJournal : IAgentJournal
{
    private readonly SortedDictionary<string, SwarmTask> _written = new(StringComparer.Ordinal);
    private SortedDictionary<string, SwarmTask> _synced = new(StringComparer.Ordinal);

    public IReadOnlyList<SwarmTask> Load() => [.. _written.Values];

    public void Append(IReadOnlyCollection<SwarmTask> tasks, IReadOnlyCollection<string> forgotten, bool durable)
    {
        foreach (var task in tasks)
        {
            _written[task.Id] = task;
        }

        foreach (var id in forgotten)
        {
            _written.Remove(id);
        }

        if (durable)
        {
            _synced = new(_written, StringComparer.Ordinal);
        }
    }

    public void PowerCut(bool losesUnsynced)
    {
        if (losesUnsynced)
        {
            _written.Clear();
            foreach (var (id, task) in _synced)
            {
                _written[id] = task;
            }
        }
    }
}

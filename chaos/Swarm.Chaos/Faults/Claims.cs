namespace Swarm.Chaos.Faults;

/// <summary>Which nodes a fault holds: another fault that came to the same node would mend or break what is not its own. Safe from any thread.</summary>
public sealed class Claims
{
    /// <summary>The cables: cuts replace each other, so one stands at a time.</summary>
    public const string Network = "(network)";

    private readonly Lock _lock = new();
    private readonly HashSet<string> _held = [];

    /// <summary>All of them, or none.</summary>
    public bool TryTake(IReadOnlyCollection<string> names)
    {
        lock (_lock)
        {
            if (names.Any(_held.Contains))
            {
                return false;
            }

            _held.UnionWith(names);
            return true;
        }
    }

    public void Release(IEnumerable<string> names)
    {
        lock (_lock)
        {
            _held.ExceptWith(names);
        }
    }

    public bool IsFree(string name)
    {
        lock (_lock)
        {
            return !_held.Contains(name);
        }
    }
}

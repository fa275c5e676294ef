using Swarm.Model;

namespace Swarm.Manager.Control;

/// <summary>New ids and names, for many callers at once: <see cref="Random"/> itself is for one.</summary>
public sealed class IdSource(Random random)
{
    private readonly Lock _lock = new();

    public string NextId()
    {
        lock (_lock)
        {
            return Ids.New(random);
        }
    }

    internal int Next(int below)
    {
        lock (_lock)
        {
            return random.Next(below);
        }
    }
}

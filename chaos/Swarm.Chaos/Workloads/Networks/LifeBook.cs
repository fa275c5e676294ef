using System.Globalization;
using Swarm.Chaos.Checkers;

namespace Swarm.Chaos.Workloads.Networks;

/// <summary>
/// Which services there are and were, and which names and ports are free for the next. What nobody is sure of is not used again. Safe from any thread.
/// </summary>
internal sealed class LifeBook
{
    private const int FirstPort = 8000;

    /// <summary>Free names and ports beside those in use: few, so that each is soon used again, by another with each.</summary>
    private const int Spare = 2;

    private readonly Lock _lock = new();
    private readonly List<string> _names = [];
    private readonly List<int> _ports = [];
    private readonly Dictionary<string, ServiceLife> _lives = [];
    private readonly HashSet<string> _standing = [];
    private int _made;
    private int _given;

    public LifeBook(int services)
    {
        for (var i = 0; i < services + Spare; i++)
        {
            AddNew();
        }
    }

    public IReadOnlyList<ServiceLife> Lives
    {
        get
        {
            lock (_lock)
            {
                return [.. _lives.Values];
            }
        }
    }

    /// <summary>A service with a free name and a free port, as asked for now.</summary>
    public ServiceLife Begin(Dice dice, TimeSpan now)
    {
        lock (_lock)
        {
            if (_names.Count == 0)
            {
                AddNew();
            }

            var life = new ServiceLife("t" + (++_given).ToString(CultureInfo.InvariantCulture), Take(_names, dice), Take(_ports, dice), now, null);
            _lives[life.Token] = life;
            return life;
        }
    }

    /// <summary>It is there, and may be removed.</summary>
    public void Stand(ServiceLife life)
    {
        lock (_lock)
        {
            _standing.Add(life.Token);
        }
    }

    /// <summary>One that stands, for the caller alone to remove; null: there is none.</summary>
    public ServiceLife? TakeStanding(Dice dice)
    {
        lock (_lock)
        {
            if (_standing.Count == 0)
            {
                return null;
            }

            var token = dice.Pick([.. _standing.Order(StringComparer.Ordinal)]);
            _standing.Remove(token);
            return _lives[token];
        }
    }

    /// <summary>It is gone for certain: its name and its port are free.</summary>
    public void End(ServiceLife life, TimeSpan now)
    {
        lock (_lock)
        {
            _lives[life.Token] = life with { Until = now };
            _names.Add(life.Name);
            _ports.Add(life.Port);
        }
    }

    /// <summary>It was refused: it never was.</summary>
    public void Refused(ServiceLife life)
    {
        lock (_lock)
        {
            _lives.Remove(life.Token);
            _names.Add(life.Name);
            _ports.Add(life.Port);
        }
    }

    private static T Take<T>(List<T> free, Dice dice)
    {
        var index = dice.Next(free.Count);
        var taken = free[index];
        free.RemoveAt(index);
        return taken;
    }

    private void AddNew()
    {
        _made++;
        _names.Add("name-" + _made.ToString(CultureInfo.InvariantCulture));
        _ports.Add(FirstPort + _made);
    }
}

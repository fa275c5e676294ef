using System.Text;

namespace Swarm.Chaos;

/// <summary>
/// Seeded chance. SplitMix64 (Steele, Lea, Flood, 2014) written out, because <see cref="Random"/> does not promise the same numbers in the next version
/// and a seed must mean the same timeline for ever. Not safe to share between threads: derive one for each.
/// </summary>
public sealed class Dice(ulong seed)
{
    private const ulong Gamma = 0x9E3779B97F4A7C15;
    private ulong _state = seed;

    /// <summary>Independent dice for one purpose: what another purpose draws changes nothing here.</summary>
    public static Dice For(long seed, string purpose)
    {
        // FNV-1a.
        var hash = 14695981039346656037UL;
        foreach (var b in Encoding.UTF8.GetBytes(purpose))
        {
            hash = (hash ^ b) * 1099511628211UL;
        }

        return new Dice(hash ^ ((ulong)seed * Gamma));
    }

    /// <summary>From 0 to below <paramref name="bound"/>.</summary>
    public int Next(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        return (int)(Unit() * bound);
    }

    public bool Chance(double probability) => Unit() < probability;

    public double Between(double low, double high) => low + (Unit() * (high - low));

    public TimeSpan Between(TimeSpan low, TimeSpan high) => TimeSpan.FromMilliseconds(Math.Round(Between(low.TotalMilliseconds, high.TotalMilliseconds)));

    public T Pick<T>(IReadOnlyList<T> items) => items[Next(items.Count)];

    /// <summary>In a random order.</summary>
    public List<T> Shuffled<T>(IEnumerable<T> items)
    {
        var list = items.ToList();
        for (var i = list.Count - 1; i > 0; i--)
        {
            var j = Next(i + 1);
            (list[i], list[j]) = (list[j], list[i]);
        }

        return list;
    }

    private double Unit()
    {
        _state += Gamma;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }
}

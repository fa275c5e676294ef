namespace Swarm.Chaos.Checkers;

/// <summary>Which calls have a place: an immutable set of bits, equal by content.</summary>
internal readonly struct PlacedSet : IEquatable<PlacedSet>
{
    private readonly ulong[] _words;

    public PlacedSet(int size) => _words = new ulong[(size + 63) / 64];

    private PlacedSet(ulong[] words) => _words = words;

    public PlacedSet With(int index) => Change(index, static (word, bit) => word | bit);

    public PlacedSet Without(int index) => Change(index, static (word, bit) => word & ~bit);

    public bool Equals(PlacedSet other) => _words.AsSpan().SequenceEqual(other._words);

    public override bool Equals(object? obj) => obj is PlacedSet other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var word in _words)
        {
            hash.Add(word);
        }

        return hash.ToHashCode();
    }

    private PlacedSet Change(int index, Func<ulong, ulong, ulong> change)
    {
        var words = (ulong[])_words.Clone();
        words[index / 64] = change(words[index / 64], 1UL << (index % 64));
        return new PlacedSet(words);
    }
}

namespace Swarm.Networking.Overlay.Sealing;

/// <summary>Which numbers of a session were heard: each counts once, and none that is far behind (RFC 6479). One thread.</summary>
internal sealed class ReplayWindow
{
    private const int WordBits = 64, Words = 64;

    /// <summary>How far a datagram may come behind the newest.</summary>
    public const int Size = (Words - 1) * WordBits;

    private readonly ulong[] words = new ulong[Words];
    private ulong newest;

    /// <param name="number">Of a datagram that is authentic.</param>
    public bool TryTake(ulong number)
    {
        if (number > newest)
        {
            var (from, to) = (newest / WordBits, number / WordBits);
            for (var word = Math.Max(from + 1, to >= Words ? to - Words + 1 : 0); word <= to; word++)
            {
                words[word % Words] = 0;
            }

            newest = number;
        }
        else if (newest - number >= Size)
        {
            return false;
        }

        ref var place = ref words[number / WordBits % Words];
        var bit = 1ul << (int)(number % WordBits);
        var isNew = (place & bit) == 0;
        place |= bit;
        return isNew;
    }
}

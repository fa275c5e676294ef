namespace Swarm.Engine.Containers;

/// <summary>The keys that leave a terminal without ending it, ctrl-p ctrl-q unless told otherwise. Remembers a sequence across reads.</summary>
public sealed class DetachKeys
{
    private readonly byte[] _sequence;
    private int _matched;

    private DetachKeys(byte[] sequence) => _sequence = sequence;

    internal ReadOnlySpan<byte> Sequence => _sequence;

    /// <param name="text">Such as "ctrl-p,ctrl-q"; empty: the default.</param>
    /// <exception cref="EngineException">400: not keys.</exception>
    public static DetachKeys Parse(string? text)
    {
        var keys = string.IsNullOrEmpty(text) ? "ctrl-p,ctrl-q" : text;
        return new DetachKeys([.. keys.Split(',').Select(key => KeyCode(key, keys))]);
    }

    /// <summary>The index of the first byte of a sequence that ends in <paramref name="input"/> (0 if it began in an earlier read); -1: none.</summary>
    public int Find(ReadOnlySpan<byte> input)
    {
        for (var i = 0; i < input.Length; i++)
        {
            _matched = input[i] == _sequence[_matched] ? _matched + 1 : input[i] == _sequence[0] ? 1 : 0;
            if (_matched == _sequence.Length)
            {
                _matched = 0;
                return Math.Max(0, i + 1 - _sequence.Length);
            }
        }

        return -1;
    }

    private static byte KeyCode(string key, string all)
    {
        const string control = "ctrl-";
        if (key.Length == 1)
        {
            return (byte)key[0];
        }

        if (key.StartsWith(control, StringComparison.Ordinal) && key.Length == control.Length + 1 && char.ToLowerInvariant(key[^1]) is (>= 'a' and <= 'z') or '@' or '[' or '\\' or ']' or '^' or '_')
        {
            return (byte)(char.ToUpperInvariant(key[^1]) & 0x1f);
        }

        throw EngineException.BadRequest($"Invalid detach keys ({all}) provided");
    }
}

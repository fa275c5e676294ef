namespace Swarm.Networking.Nftables;

internal enum SetValue
{
    /// <summary>A set.</summary>
    None,

    /// <summary>A map to a chain.</summary>
    Verdict,

    /// <summary>A map to a value.</summary>
    Bytes,
}

/// <summary>What the elements of a set or map are made of. The types are nft's own (datatype.h), which the kernel only keeps for whoever lists.</summary>
internal readonly record struct SetShape(int KeyType, int KeyBytes, SetValue Value = SetValue.None, int ValueType = 0, int ValueBytes = 0)
{
    public const int Integer = 4, Address = 7, Address6 = 8, LinkAddress = 9, Mark = 19, VerdictType = unchecked((int)0xffffff00);

    /// <summary>Two types one after the other: six bits each.</summary>
    public static int Pair(int first, int second) => (first << 6) | second;
}

/// <param name="Chain">In a map to chains: where to go.</param>
internal readonly record struct SetElement(byte[] Key, byte[]? Value = null, string? Chain = null);

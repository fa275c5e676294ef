using System.Security.Cryptography;

namespace Swarm.Store.Consensus.Raft.Disk;

/// <summary>The keys that a node's files are encrypted under: the first for what is written from now on, all of them for what is there. Swapped whole.</summary>
internal sealed class DataKeys
{
    internal const int KeySize = 32;
    private volatile byte[][] _keys;

    /// <exception cref="ArgumentException">No key, or one that has not <see cref="KeySize"/> bytes.</exception>
    internal DataKeys(IReadOnlyList<ReadOnlyMemory<byte>> keys) => _keys = Checked(keys);

    internal ReadOnlySpan<byte> Current => _keys[0];

    internal IReadOnlyList<byte[]> All => _keys;

    internal static byte[] NewFileKey() => RandomNumberGenerator.GetBytes(KeySize);

    /// <summary>From now on the new ones write; those of before still open.</summary>
    /// <inheritdoc cref="DataKeys(IReadOnlyList{ReadOnlyMemory{byte}})" path="/exception"/>
    internal void PutFirst(IReadOnlyList<ReadOnlyMemory<byte>> keys) => _keys = [.. Checked(keys), .. _keys];

    /// <inheritdoc cref="DataKeys(IReadOnlyList{ReadOnlyMemory{byte}})" path="/exception"/>
    internal void Replace(IReadOnlyList<ReadOnlyMemory<byte>> keys) => _keys = Checked(keys);

    private static byte[][] Checked(IReadOnlyList<ReadOnlyMemory<byte>> keys)
    {
        if (keys.Count == 0 || keys.Any(key => key.Length != KeySize))
        {
            throw new ArgumentException($"the log needs at least one data key, each of {KeySize} bytes", nameof(keys));
        }

        return [.. keys.Select(key => key.ToArray())];
    }
}
